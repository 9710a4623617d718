//! Pulling a file from an untrusted URL: streamed in chunks, with a timeout for each chunk, a
//! minimum throughput, and a deadline that the caller sets for the whole.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use futures::stream::try_unfold;
use http::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    HeaderName, IF_RANGE, LAST_MODIFIED, LOCATION, RANGE,
};
use http::{HeaderMap, StatusCode};
use tokio::time::{Instant, timeout};

use crate::guard::escape_spaces;
use crate::gzip::Gunzip;
use crate::{Client, Pace, PublicUrl, RetryAfter, SendError};

/// Timeout for the headers, and then for each chunk. Proxies that fetch a file themselves are
/// silent for half a minute; a RunPod worker waits for a whole one.
pub const READ_TIMEOUT: Duration = Duration::from_secs(45);

/// How many redirects are followed.
const REDIRECTS: usize = 5;

/// Which part of a file to pull, and the limits.
#[derive(Debug, Clone)]
pub struct Fetch {
    /// Which part is requested, if a first one has been pulled.
    pub resume: Option<Resume>,
    /// Maximum size of the whole file in bytes, earlier parts included.
    pub max_bytes: u64,
    /// Timeout for the headers, and then for each chunk.
    pub read_timeout: Duration,
    /// When the body must have been read.
    pub deadline: Option<Instant>,
    /// The minimum throughput, which waiting for the headers counts for too. Without one, each
    /// body has the default for itself.
    pub pace: Option<Pace>,
}

impl Fetch {
    /// The whole file, with a limit of `max_bytes`.
    pub const fn whole(max_bytes: u64) -> Self {
        Self { resume: None, max_bytes, read_timeout: READ_TIMEOUT, deadline: None, pace: None }
    }

    /// The same, to be read until `deadline`.
    #[must_use]
    pub fn until(self, deadline: Instant) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    /// The same, at `pace`: no silence may last longer than its window.
    #[must_use]
    pub fn paced(self, pace: Pace) -> Self {
        Self { read_timeout: self.read_timeout.min(pace.window), pace: Some(pace), ..self }
    }

    /// The part of the file that `resume` states.
    #[must_use]
    pub fn resuming(self, resume: Resume) -> Self {
        Self { resume: Some(resume), ..self }
    }

    /// What the source sends next, and how long that was waited for.
    async fn next<T>(
        &self,
        coming: impl Future<Output = reqwest::Result<T>>,
    ) -> (Result<T, SendError>, Duration) {
        let started = Instant::now();
        let next = match timeout(self.read_timeout, coming).await {
            Ok(next) => next.map_err(SendError::from),
            Err(_) => Err(SendError::Timeout),
        };
        (next, started.elapsed())
    }

    /// Whether the source is too slow, having `waited` for nothing of the file.
    fn is_too_slow(&self, waited: Duration) -> bool {
        self.pace.as_ref().is_some_and(|pace| pace.is_too_slow(0, waited))
    }
}

/// Where a download resumes, and where it ends if that is not the end of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// Offset of the first byte.
    pub from: u64,
    /// Offset of the last byte; `None` for the rest of the file. A source may send less or more, so
    /// the caller compares.
    pub to: Option<u64>,
    /// [`Download::etag`] of the first part. A strong one is sent as `If-Range`: a source whose file
    /// has changed then sends all of it with status 200. Not all do, so the caller compares.
    pub etag: Option<String>,
}

/// An answer whose body has not been read, whatever its status.
pub struct Download {
    /// The status of the answer.
    pub status: StatusCode,
    /// How long the source asks us to wait before the next request.
    pub retry_after: Option<RetryAfter>,
    /// The `Content-Type` that the source states.
    pub content_type: Option<String>,
    /// The `ETag`, strong or weak.
    pub etag: Option<String>,
    /// The `Last-Modified`.
    pub last_modified: Option<String>,
    /// Offset of this body in the file; `None` for a part whose source does not state it.
    pub range_start: Option<u64>,
    /// Offset of the last byte of a part, as its source states it.
    pub range_end: Option<u64>,
    /// Whether the source states that it answers to requests for parts.
    pub accepts_ranges: bool,
    /// The `Content-Encoding`, known or not.
    pub content_encoding: Option<String>,
    /// Size of the whole file in bytes, if announced; with status 416 too.
    pub total_length: Option<u64>,
    /// Whether the source compressed the body, although it was asked not to. It is decoded here;
    /// offsets and lengths are of the compressed file, so that it cannot be resumed.
    pub is_encoded: bool,
    gunzip: Option<Gunzip>,
    response: reqwest::Response,
    received: u64,
    pace: Pace,
    fetch: Fetch,
}

impl Client {
    /// Requests the file at `url` and returns when the headers are received. Redirects are followed,
    /// each through the guard; an answer that redirects once too often is returned as it is.
    pub async fn get_stream(&self, url: &PublicUrl, fetch: Fetch) -> Result<Download, SendError> {
        let mut response = self.get(url, &fetch).await?;
        let mut url = url.clone();
        for _ in 0..REDIRECTS {
            let Some(next) = self.redirect(&url, &response)? else { break };
            response = self.get(&next, &fetch).await?;
            url = next;
        }
        Download::begin(response, fetch)
    }

    async fn get(&self, url: &PublicUrl, fetch: &Fetch) -> Result<reqwest::Response, SendError> {
        let mut request = self.request(http::Method::GET, url)?.header(ACCEPT_ENCODING, "identity");
        if let Some(resume) = &fetch.resume {
            let to = resume.to.map(|to| to.to_string()).unwrap_or_default();
            request = request.header(RANGE, format!("bytes={}-{to}", resume.from));
            if let Some(etag) = resume.etag.as_ref().filter(|etag| !etag.starts_with("W/")) {
                request = request.header(IF_RANGE, etag);
            }
        }
        let (sent, waited) = fetch.next(request.send()).await;
        if fetch.is_too_slow(waited) { Err(SendError::TooSlow) } else { sent }
    }

    /// Where `response` redirects to, if it does. The request goes on without anything that belongs
    /// to the first host: this client has no credentials.
    fn redirect(
        &self,
        from: &PublicUrl,
        response: &reqwest::Response,
    ) -> Result<Option<PublicUrl>, SendError> {
        if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
            return Ok(None);
        }
        let Some(location) = response.headers().get(LOCATION) else { return Ok(None) };
        let location = String::from_utf8_lossy(location.as_bytes());
        let Ok(url) = from.as_url().join(&escape_spaces(&location)) else { return Ok(None) };
        Ok(Some(self.check_url(url.as_str())?))
    }
}

impl Download {
    fn begin(response: reqwest::Response, fetch: Fetch) -> Result<Self, SendError> {
        let headers = response.headers();
        let content_encoding = text(headers, &CONTENT_ENCODING);
        let is_encoded = content_encoding.as_deref().is_some_and(is_gzip);
        let accepts_ranges =
            text(headers, &ACCEPT_RANGES).is_some_and(|unit| unit.eq_ignore_ascii_case("bytes"));
        let length = response.content_length().filter(|_| !is_encoded);
        let range = match response.status() {
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => {
                ContentRange::read(headers)
            }
            _ => ContentRange { start: Some(0), end: None, total: length },
        };
        let end = length.map(|length| range.start.unwrap_or(0).saturating_add(length));
        let is_file = response.status().is_success();
        if is_file && range.total.max(end).is_some_and(|bytes| bytes > fetch.max_bytes) {
            return Err(SendError::TooLarge { limit: fetch.max_bytes });
        }
        Ok(Self {
            status: response.status(),
            retry_after: RetryAfter::read(headers),
            content_type: text(headers, &CONTENT_TYPE),
            etag: text(headers, &ETAG),
            last_modified: text(headers, &LAST_MODIFIED),
            range_start: range.start,
            range_end: range.end,
            accepts_ranges,
            content_encoding,
            total_length: range.total,
            is_encoded,
            gunzip: is_encoded.then(Gunzip::default),
            response,
            received: range.start.unwrap_or(0),
            pace: fetch.pace.clone().unwrap_or_default(),
            fetch,
        })
    }

    /// The next chunk, or `None` at the end. A body shorter than its announced length ends with
    /// [`SendError::Broken`]; one that is below the minimum throughput, or not read by the
    /// deadline, with [`SendError::TooSlow`].
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, SendError> {
        loop {
            if let Some(gunzip) = &mut self.gunzip
                && let Some(bytes) = gunzip.decoded()?
            {
                return self.count(bytes).map(Some);
            }
            match (self.read().await?, &mut self.gunzip) {
                (Some(chunk), Some(gunzip)) => gunzip.add(chunk),
                (Some(chunk), None) => return self.count(chunk).map(Some),
                (None, Some(gunzip)) => {
                    let rest = gunzip.finish()?;
                    self.gunzip = None;
                    return if rest.is_empty() { Ok(None) } else { self.count(rest).map(Some) };
                }
                (None, None) => return Ok(None),
            }
        }
    }

    /// The next chunk as it is sent.
    async fn read(&mut self) -> Result<Option<Bytes>, SendError> {
        let (next, waited) = self.fetch.next(self.response.chunk()).await;
        let late = self.fetch.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        let is_too_slow = match &next {
            Ok(Some(chunk)) => late || self.pace.is_too_slow(chunk.len() as u64, waited),
            Ok(None) => false,
            Err(_) => self.fetch.is_too_slow(waited),
        };
        if is_too_slow { Err(SendError::TooSlow) } else { next }
    }

    fn count(&mut self, chunk: Bytes) -> Result<Bytes, SendError> {
        self.received = self.received.saturating_add(chunk.len() as u64);
        if self.received > self.fetch.max_bytes {
            return Err(SendError::TooLarge { limit: self.fetch.max_bytes });
        }
        Ok(chunk)
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

fn is_gzip(coding: &str) -> bool {
    let coding = coding.trim();
    coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip")
}

/// A `Content-Range` such as `bytes 100-199/200` or `bytes */200`; the total may be `*`. One that
/// contradicts itself counts as none.
#[derive(Default)]
struct ContentRange {
    start: Option<u64>,
    end: Option<u64>,
    total: Option<u64>,
}

impl ContentRange {
    fn read(headers: &HeaderMap) -> Self {
        let value = text(headers, &CONTENT_RANGE);
        value.and_then(|value| Self::parse(&value)).unwrap_or_default()
    }

    fn parse(value: &str) -> Option<Self> {
        let (unit, range) = value.trim().split_once([' ', '='])?;
        let (range, total) = range.split_once('/')?;
        let total = total.trim().parse().ok();
        let Some((start, end)) = range.split_once('-') else {
            return Some(Self { total, ..Self::default() });
        };
        let (start, end) = (start.trim().parse::<u64>().ok()?, end.trim().parse::<u64>().ok()?);
        let fits = start <= end && total.is_none_or(|total| end < total);
        let range = Self { start: Some(start), end: Some(end), total };
        (unit.eq_ignore_ascii_case("bytes") && fits).then_some(range)
    }
}
