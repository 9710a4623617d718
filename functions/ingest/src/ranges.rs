//! The rest of a large file by parallel ranges, handed over in order.
//!
//! Invariants: a range counts only if its answer proves that it is exactly what was requested, of the
//! version that the file began with; memory is bounded by the ranges under way. Each range is read in
//! a task, so that waiting for our own upload is not taken for waiting for the source.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use outbound::{Client, Download, Fetch, PublicUrl, Resume, SendError};
use tokio::task::{JoinError, JoinSet};

use crate::version::Version;

/// Size of a range in bytes.
const RANGE: u64 = 4 * 1024 * 1024;
/// How many ranges are requested at a time: with their size, the memory that they take.
const AT_ONCE: usize = 4;
/// Smallest file that is pulled so, in bytes. For a smaller one, connections cost more than they save.
const LARGE: u64 = 64 * 1024 * 1024;
/// From how many bytes a microsecond on one connection is enough: it brings more than a function's
/// network, some 70, and several would save nothing; see docs/PERFORMANCE.md.
const FAST: u128 = 100;
/// How much of it comes by the first request, which shows what the source supports.
const FIRST: u64 = 16 * 1024 * 1024;

/// Whether a source supports ranges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Support {
    /// It has not stated it.
    Unknown,
    /// It has stated or shown it.
    Offered,
    /// They failed, or are not tried.
    Off,
}

impl Support {
    /// Takes note of what `answer` shows.
    pub(crate) fn learn(&mut self, answer: &Download) {
        let is_shown = answer.accepts_ranges || answer.status == StatusCode::PARTIAL_CONTENT;
        if *self == Self::Unknown && is_shown {
            *self = Self::Offered;
        }
    }
}

/// Whether ranges can be proved to be of `version`, and save time after its first `at` bytes, for which
/// its source was `waited` for.
pub(crate) fn are_worthwhile(version: &Version, at: u64, waited: Duration) -> bool {
    let is_large = version.total.is_some_and(|total| total >= LARGE && at < total);
    let is_slow = waited.as_micros() * FAST > at.into();
    is_large && is_slow && at >= FIRST && !version.is_encoded && version.strong_etag().is_some()
}

/// Why a range is of no use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RangeError {
    /// Another status, version or part than what was requested.
    #[error("the source answered {0} with something else than the range")]
    Other(StatusCode),
    /// The body is shorter than the range.
    #[error("the range is incomplete")]
    Short,
    /// The source does not answer, or breaks off.
    #[error(transparent)]
    Source(#[from] SendError),
    /// The task panicked.
    #[error(transparent)]
    Task(#[from] JoinError),
}

/// The ranges of a file from some offset to its end. Dropping them ends their requests.
pub(crate) struct Ranges {
    client: Client,
    url: PublicUrl,
    fetch: Fetch,
    version: Version,
    /// Where the next range begins that is requested.
    next: u64,
    /// A task each, in the order of the file. A `JoinSet` aborts its task when it is dropped.
    coming: VecDeque<JoinSet<Result<Bytes, RangeError>>>,
}

impl Ranges {
    /// Those of `version` from the offset `from` on. `fetch` has the limits of each.
    pub(crate) fn new(
        client: &Client,
        url: &PublicUrl,
        fetch: Fetch,
        version: Version,
        from: u64,
    ) -> Self {
        let (client, url) = (client.clone(), url.clone());
        Self { client, url, fetch, version, next: from, coming: VecDeque::new() }
    }

    /// The bytes that come next in the file; `None` at its end.
    pub(crate) async fn next(&mut self) -> Option<Result<Bytes, RangeError>> {
        let total = self.version.total.unwrap_or(0);
        while self.coming.len() < AT_ONCE && self.next < total {
            let end = total.min(self.next + RANGE);
            self.request(self.next, end);
            self.next = end;
        }
        let range = self.coming.pop_front()?.join_next().await?;
        Some(range.unwrap_or_else(|error| Err(error.into())))
    }

    /// Begins to pull the bytes from `start` to before `end`.
    fn request(&mut self, start: u64, end: u64) {
        let (client, url, version) = (self.client.clone(), self.url.clone(), self.version.clone());
        let part = Resume { from: start, to: Some(end - 1), etag: version.etag.clone() };
        let fetch = self.fetch.clone().resuming(part);
        let mut task = JoinSet::new();
        task.spawn(async move {
            let answer = client.get_stream(&url, fetch).await?;
            if !is_exact(&answer, &version, start, end) {
                return Err(RangeError::Other(answer.status));
            }
            read(answer, usize::try_from(end - start).unwrap_or(usize::MAX)).await
        });
        self.coming.push_back(task);
    }
}

/// Whether `answer` is proved to be the bytes of `version` from `start` to before `end`.
fn is_exact(answer: &Download, version: &Version, start: u64, end: u64) -> bool {
    let range = (answer.range_start, answer.range_end, answer.total_length);
    let coding = answer.content_encoding.as_deref().unwrap_or("identity");
    answer.status == StatusCode::PARTIAL_CONTENT
        && range == (Some(start), Some(end - 1), version.total)
        && version.strong_etag().is_some_and(|etag| answer.etag.as_deref() == Some(etag))
        && coding.eq_ignore_ascii_case("identity")
}

/// Reads `length` bytes, into one block: chunks that are kept may each hold a larger block.
async fn read(mut answer: Download, length: usize) -> Result<Bytes, RangeError> {
    let mut bytes = BytesMut::with_capacity(length);
    while bytes.len() < length {
        let chunk = answer.chunk().await?.ok_or(RangeError::Short)?;
        bytes.extend_from_slice(&chunk[..chunk.len().min(length - bytes.len())]);
    }
    Ok(bytes.freeze())
}

#[cfg(test)]
#[path = "ranges_tests.rs"]
mod tests;
