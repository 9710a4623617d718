//! The time and its format in the report.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::Timestamp;

/// The machine's time, which is comparable with the times of the embedded cloud.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// A duration for people: `42 ms`, `3.1 s`, `24 min 38 s`.
pub(crate) fn formatted(duration: Duration) -> String {
    match duration.as_secs() {
        0 => format!("{} ms", duration.as_millis()),
        1..60 => format!("{:.1} s", duration.as_secs_f64()),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_a_suitable_unit() {
        assert_eq!(formatted(Duration::from_millis(42)), "42 ms");
        assert_eq!(formatted(Duration::from_millis(3149)), "3.1 s");
        assert_eq!(formatted(Duration::from_millis(1_478_900)), "24 min 38 s");
    }
}
