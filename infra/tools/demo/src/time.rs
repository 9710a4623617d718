//! The time, as everything in a report measures it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::Timestamp;

/// The machine's time. The embedded cloud runs on the same machine, so its times compare.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// A duration for people: `42 ms`, `3.1 s`, `24 min 38 s`.
pub(crate) fn shown(duration: Duration) -> String {
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
    fn shows_a_duration_in_the_unit_that_suits_it() {
        assert_eq!(shown(Duration::from_millis(42)), "42 ms");
        assert_eq!(shown(Duration::from_millis(3149)), "3.1 s");
        assert_eq!(shown(Duration::from_millis(1_478_900)), "24 min 38 s");
    }
}
