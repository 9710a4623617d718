//! `Retry-After`. Pure.

use std::time::Duration;

use domain::Timestamp;
use http::HeaderMap;
use http::header::RETRY_AFTER;

/// When the other side asks for the next request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// After that time.
    Wait(Duration),
    /// At that time.
    At(Timestamp),
}

impl RetryAfter {
    /// Reads the header; `None` if it is missing or malformed.
    #[must_use]
    pub fn read(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        match text.parse() {
            Ok(seconds) => Some(Self::Wait(Duration::from_secs(seconds))),
            Err(_) => Timestamp::from_http_date(text).map(Self::At),
        }
    }

    /// How long to wait from `now` on.
    #[must_use]
    pub fn from(self, now: Timestamp) -> Duration {
        match self {
            Self::Wait(wait) => wait,
            Self::At(time) => time.since(now),
        }
    }
}
