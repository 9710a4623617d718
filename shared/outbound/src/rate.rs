//! The minimum throughput of a source. Pure.

use std::time::Duration;

/// Over how much time of waiting for the source the throughput is measured. Time in which we read
/// nothing, because our own side is busy, does not count.
const WINDOW: Duration = Duration::from_mins(1);
/// Minimum number of bytes in such a window: 1 KiB a second.
const BYTES: u64 = 60 * 1024;

/// What has come in the present window.
#[derive(Debug, Default)]
pub(crate) struct Rate {
    waited: Duration,
    bytes: u64,
}

impl Rate {
    /// Counts `bytes` that were `waited` for, and returns whether a window ends with too few.
    pub(crate) fn is_too_slow(&mut self, bytes: u64, waited: Duration) -> bool {
        self.waited = self.waited.saturating_add(waited);
        self.bytes = self.bytes.saturating_add(bytes);
        if self.waited < WINDOW {
            return false;
        }
        let too_few = self.bytes < BYTES;
        *self = Self::default();
        too_few
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slow_after(bytes: u64, waited: u64) -> Option<u64> {
        let mut rate = Rate::default();
        (1..=1000).find(|_| rate.is_too_slow(bytes, Duration::from_secs(waited)))
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
        let mut rate = Rate::default();
        assert!(!rate.is_too_slow(1, Duration::from_secs(45)));
        assert!(!rate.is_too_slow(100_000, Duration::from_secs(30)));
    }
}
