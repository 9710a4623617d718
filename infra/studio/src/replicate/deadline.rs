//! The header `Cancel-After`: a duration such as `90`, `90s`, `1m` or `1h30m`.

use std::time::Duration;

use axum::http::HeaderMap;
use domain::InvalidField;

const HEADER: &str = "cancel-after";
/// The shortest that Replicate allows.
const LEAST: Duration = Duration::from_secs(5);

/// Reads the header.
pub(super) fn cancel_after(headers: &HeaderMap) -> Result<Option<Duration>, InvalidField> {
    let Some(value) = headers.get(HEADER) else { return Ok(None) };
    let duration = value.to_str().ok().and_then(duration).filter(|duration| *duration >= LEAST);
    let wrong = || InvalidField::new("Cancel-After", "must be a duration of at least 5s");
    duration.ok_or_else(wrong).map(Some)
}

fn duration(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let mut total = 0_u64;
    for part in text.split_inclusive(char::is_alphabetic) {
        let unit = part.chars().last()?;
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            _ => return None,
        };
        let count: u64 = part.strip_suffix(unit)?.parse().ok()?;
        total = total.checked_add(count.checked_mul(seconds)?)?;
    }
    (!text.is_empty()).then(|| Duration::from_secs(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_may_be_combined() {
        for (text, seconds) in [("90", 90), ("5s", 5), ("1m", 60), ("1h30m", 5400), ("2m5s", 125)] {
            assert_eq!(duration(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "m", "1d", "1m30", "-1s", "1.5m"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn less_than_five_seconds_is_refused() {
        let header = |text: &'static str| {
            HeaderMap::from_iter([(
                axum::http::HeaderName::from_static(HEADER),
                axum::http::HeaderValue::from_static(text),
            )])
        };
        assert!(cancel_after(&header("4s")).is_err());
        assert_eq!(cancel_after(&header("5s")), Ok(Some(LEAST)));
        assert_eq!(cancel_after(&HeaderMap::new()), Ok(None));
    }
}
