//! Pulling a file from an untrusted URL: streamed in chunks, with a timeout for each chunk, a
//! minimum throughput, and a deadline that the caller sets for the whole.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use futures::stream::try_unfold;
use http::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderName, IF_RANGE, RANGE,
};
use http::{HeaderMap, StatusCode};
use tokio::time::{Instant, timeout};

use crate::rate::Rate;
use crate::{Client, PublicUrl, RetryAfter, SendError};

/// Timeout for the headers, and then for each chunk. Proxies that fetch a file themselves are
/// silent for half a minute; a RunPod worker waits for a whole one.
pub const READ_TIMEOUT: Duration = Duration::from_secs(45);

/// Which part of a file to pull, and the limits.
#[derive(Debug, Clone)]
pub struct Fetch {
    /// Where to resume, if a first part has been pulled.
    pub resume: Option<Resume>,
    /// Maximum size of the whole file in bytes, earlier parts included.
    pub max_bytes: u64,
    /// Timeout for the headers, and then for each chunk.
    pub read_timeout: Duration,
    /// When the body must have been read.
    pub deadline: Option<Instant>,
}

impl Fetch {
    /// The whole file, with a limit of `max_bytes`.
    #[must_use]
    pub const fn whole(max_bytes: u64) -> Self {
        Self { resume: None, max_bytes, read_timeout: READ_TIMEOUT, deadline: None }
    }

    /// The same, to be read until `deadline`.
    #[must_use]
    pub fn until(self, deadline: Instant) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    /// The file from `resume` on.
    #[must_use]
    pub fn resuming(self, resume: Resume) -> Self {
        Self { resume: Some(resume), ..self }
    }
}

/// Where an interrupted download resumes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// How many bytes have been pulled.
    pub from: u64,
    /// [`Download::etag`] of the first part, sent as `If-Range`: a source whose file has changed
    /// then sends all of it with status 200, instead of a part of another file.
    pub etag: Option<String>,
}

/// An answer whose body has not been read, whatever its status. With status 206 the body starts
/// at [`Download::range_start`].
pub struct Download {
    /// The status of the answer.
    pub status: StatusCode,
    /// Size of this body in bytes, if announced.
    pub content_length: Option<u64>,
    /// How long the source asks us to wait before the next request.
    pub retry_after: Option<RetryAfter>,
    /// The `Content-Type` that the source states.
    pub content_type: Option<String>,
    /// The strong `ETag`. A weak one is left out: it must not be used to resume.
    pub etag: Option<String>,
    /// Whether the source states that it accepts byte ranges.
    pub accepts_ranges: bool,
    /// Offset of this body in the file.
    pub range_start: u64,
    /// Size of the whole file in bytes, if announced.
    pub total_length: Option<u64>,
    response: reqwest::Response,
    received: u64,
    rate: Rate,
    fetch: Fetch,
}

impl Client {
    /// Requests the file at `url` and returns when the headers are received.
    pub async fn get_stream(&self, url: &PublicUrl, fetch: Fetch) -> Result<Download, SendError> {
        let mut request = self.request(http::Method::GET, url)?.header(ACCEPT_ENCODING, "identity");
        if let Some(resume) = &fetch.resume {
            request = request.header(RANGE, format!("bytes={}-", resume.from));
            if let Some(etag) = &resume.etag {
                request = request.header(IF_RANGE, etag);
            }
        }
        let response =
            timeout(fetch.read_timeout, request.send()).await.map_err(|_| SendError::Timeout)??;
        Download::begin(response, fetch)
    }
}

impl Download {
    fn begin(response: reqwest::Response, fetch: Fetch) -> Result<Self, SendError> {
        let headers = response.headers();
        let (range_start, range_total) = match response.status() {
            StatusCode::PARTIAL_CONTENT => content_range(headers),
            _ => (0, None),
        };
        let content_length = response.content_length();
        let rest = content_length.map(|length| range_start.saturating_add(length));
        let total_length = range_total.or(rest);
        if total_length.or(rest).is_some_and(|total| total > fetch.max_bytes) {
            return Err(SendError::TooLarge { limit: fetch.max_bytes });
        }
        Ok(Self {
            status: response.status(),
            content_length,
            retry_after: RetryAfter::read(headers),
            content_type: text(headers, &CONTENT_TYPE),
            etag: text(headers, &ETAG).filter(|etag| !etag.starts_with("W/")),
            accepts_ranges: text(headers, &ACCEPT_RANGES).is_some_and(|unit| unit == "bytes"),
            range_start,
            total_length,
            response,
            received: range_start,
            rate: Rate::default(),
            fetch,
        })
    }

    /// The next chunk, or `None` at the end. A body shorter than its announced length ends with
    /// [`SendError::Broken`]; one that is below the minimum throughput, or not read by the
    /// deadline, with [`SendError::TooSlow`].
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, SendError> {
        let started = Instant::now();
        let next = timeout(self.fetch.read_timeout, self.response.chunk());
        let chunk = next.await.map_err(|_| SendError::Timeout)??;
        let Some(chunk) = chunk else { return Ok(None) };
        let (now, bytes) = (Instant::now(), chunk.len() as u64);
        let late = self.fetch.deadline.is_some_and(|deadline| now >= deadline);
        if late || self.rate.is_too_slow(bytes, now - started) {
            return Err(SendError::TooSlow);
        }
        self.received += bytes;
        if self.received > self.fetch.max_bytes {
            return Err(SendError::TooLarge { limit: self.fetch.max_bytes });
        }
        Ok(Some(chunk))
    }

    /// The chunks as a stream, which ends after the first error.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, SendError>> + Send {
        try_unfold(self, async |mut download| {
            Ok(download.chunk().await?.map(|chunk| (chunk, download)))
        })
    }
}

impl fmt::Debug for Download {
    /// Leaves the response out, which would show the URL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("status", &self.status)
            .field("range_start", &self.range_start)
            .field("total_length", &self.total_length)
            .field("received", &self.received)
            .finish_non_exhaustive()
    }
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// Start and total of a `Content-Range` such as `bytes 100-199/200`, where the total may be `*`.
fn content_range(headers: &HeaderMap) -> (u64, Option<u64>) {
    let parse = || {
        let value = text(headers, &CONTENT_RANGE)?;
        let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
        let start = range.split_once('-')?.0.trim().parse().ok()?;
        Some((start, total.trim().parse().ok()))
    };
    parse().unwrap_or((0, None))
}
