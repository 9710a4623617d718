//! The minimum throughput of a source.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The minimum throughput of a source: so many bytes in each window. A window is time of waiting for
/// the source; time in which we read nothing, because our own side is busy, does not count.
///
/// Clones count together, so that a source which breaks off, or redirects, starts no new window.
#[derive(Debug, Clone)]
pub struct Pace {
    pub(crate) window: Duration,
    min_bytes: u64,
    present: Arc<Mutex<Rate>>,
}

/// What has come in the present window.
#[derive(Debug, Default)]
struct Rate {
    waited: Duration,
    bytes: u64,
}

impl Pace {
    /// At least `min_bytes` in each `window`.
    pub fn new(window: Duration, min_bytes: u64) -> Self {
        Self { window, min_bytes, present: Arc::default() }
    }

    /// Counts `bytes` that were `waited` for, and returns whether a window ends with too few.
    pub(crate) fn is_too_slow(&self, bytes: u64, waited: Duration) -> bool {
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        present.waited = present.waited.saturating_add(waited);
        present.bytes = present.bytes.saturating_add(bytes);
        if present.waited < self.window {
            return false;
        }
        let too_few = present.bytes < self.min_bytes;
        *present = Rate::default();
        too_few
    }
}

impl Default for Pace {
    /// 1 KiB a second over a minute: below this, no source is worth waiting for.
    fn default() -> Self {
        Self::new(Duration::from_mins(1), 60 * 1024)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slow_after(bytes: u64, waited: u64) -> Option<u64> {
        let pace = Pace::default();
        (1..=1000).find(|_| pace.is_too_slow(bytes, Duration::from_secs(waited)))
    }

    #[test]
    fn source_that_trickles_is_too_slow_after_a_minute() {
        assert_eq!(slow_after(1, 5), Some(12));
        assert_eq!(slow_after(1023, 1), Some(60));
    }

    #[test]
    fn steady_source_and_one_silence_are_not() {
        assert_eq!(slow_after(1024, 1), None);
        assert_eq!(slow_after(1, 0), None, "time on our side does not count");
        let pace = Pace::default();
        assert!(!pace.is_too_slow(1, Duration::from_secs(45)));
        assert!(!pace.is_too_slow(100_000, Duration::from_secs(30)));
    }

    #[test]
    fn clones_count_together() {
        let pace = Pace::new(Duration::from_secs(10), 100);
        let resumed = pace.clone();
        assert!(!pace.is_too_slow(1, Duration::from_secs(6)));
        assert!(resumed.is_too_slow(1, Duration::from_secs(6)));
    }
}
