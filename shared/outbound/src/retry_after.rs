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
    pub fn read(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            // More seconds than a number holds are as good as for ever.
            let seconds = text.parse::<u32>().unwrap_or(u32::MAX);
            return Some(Self::Wait(Duration::from_secs(seconds.into())));
        }
        Timestamp::from_http_date(text).map(Self::At)
    }

    /// How long to wait from `now` on.
    pub fn from(self, now: Timestamp) -> Duration {
        match self {
            Self::Wait(wait) => wait,
            Self::At(time) => time.since(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn every_form_is_read_and_nonsense_is_not() {
        let read = |text: &'static str| {
            RetryAfter::read(&HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(text))]))
        };
        let date = Some(RetryAfter::At(Timestamp::from_millis(784_111_777_000)));
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(read(text), date, "{text}");
        }
        assert_eq!(read(" 8 "), Some(RetryAfter::Wait(Duration::from_secs(8))));
        let ever = Some(RetryAfter::Wait(Duration::from_secs(u32::MAX.into())));
        assert_eq!(read("99999999999999999999"), ever);
        for text in ["", "soon", "-1", "1.5", "+5", "Sun"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
