//! Limits how often the progress of one task is reported.

use std::time::{Duration, Instant};

/// The reports of one task.
#[derive(Debug)]
pub(super) struct Throttle {
    interval: Duration,
    last: Option<Instant>,
}

impl Throttle {
    /// Permits one report in each `interval`.
    pub const fn new(interval: Duration) -> Self {
        Self { interval, last: None }
    }

    /// Whether a report is permitted at `now`, which then counts as the last.
    pub fn permits(&mut self, now: Instant) -> bool {
        let is_due = self.last.is_none_or(|last| now.duration_since(last) >= self.interval);
        if is_due {
            self.last = Some(now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_permitted_once_per_interval() {
        let mut throttle = Throttle::new(Duration::from_secs(2));
        let begun = Instant::now();
        let permitted: Vec<_> = [0, 500, 1999, 2000, 2001, 3999, 4000]
            .into_iter()
            .filter(|time| throttle.permits(begun + Duration::from_millis(*time)))
            .collect();
        assert_eq!(permitted, [0, 2000, 4000]);
    }
}
