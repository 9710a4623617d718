//! When to try again: the retry schedule of deliveries, and the rhythm in which a running
//! job is looked at.

use std::time::Duration;

/// Waits after the first, second, … failed attempt, in seconds. A receiver that fails 30 % of
/// the time at random has been reached with 99.7 % probability after three minutes.
const DELIVERY_SECONDS: [u64; 10] = [2, 8, 30, 90, 300, 900, 3600, 10_800, 28_800, 57_600];

/// How much a wait may differ from the schedule, so that failures do not come back in step.
const JITTER: f64 = 0.2;

/// Longest wait that a receiver may ask for with `Retry-After`.
const RETRY_AFTER_MAXIMUM: Duration = Duration::from_hours(1);

/// How long to wait after the `attempt`-th failed delivery (from 1), or `None` when that was
/// the last. `random` in 0..1 picks the jitter; a receiver's `Retry-After` lengthens the wait.
#[must_use]
pub fn delivery_wait(attempt: u32, random: f64, retry_after: Option<Duration>) -> Option<Duration> {
    let index = usize::try_from(attempt.checked_sub(1)?).ok()?;
    let seconds = *DELIVERY_SECONDS.get(index)?;
    let factor = 1.0 - JITTER + 2.0 * JITTER * random.clamp(0.0, 1.0);
    let wait = Duration::from_secs(seconds).mul_f64(factor);
    Some(retry_after.map_or(wait, |asked| wait.max(asked.min(RETRY_AFTER_MAXIMUM))))
}

/// How long after the `check`-th look (from 0) to look again at a job that is not done.
///
/// The first looks come `interval` apart, half the time for which a pod waits with its file,
/// so that a lost webhook costs no file. A job that takes long is looked at less often, but
/// never less than twice within that time while its provider may be waiting.
#[must_use]
pub fn check_wait(check: u32, confirmation_timeout: Duration) -> Duration {
    let interval = confirmation_timeout / 2;
    if check == 0 { interval.min(Duration::from_secs(30)) } else { interval }
}

/// How long a failed piece of queue work rests before its `receive_count`-th try is followed
/// by another: 1 s, 2 s, 4 s … up to a minute.
#[must_use]
pub fn work_wait(receive_count: u32) -> Duration {
    Duration::from_secs(1 << receive_count.saturating_sub(1).min(6)).min(Duration::from_mins(1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn delivery_waits_grow_and_stay_within_the_jitter(
            attempt in 1_u32..10, low in 0.0_f64..=1.0, high in 0.0_f64..=1.0,
        ) {
            let wait = delivery_wait(attempt, low, None).map(|wait| wait.as_secs_f64());
            let planned = [2.0, 8.0, 30.0, 90.0, 300.0, 900.0, 3600.0, 10_800.0, 28_800.0, 57_600.0]
                [attempt as usize - 1];
            prop_assert!(wait.is_some_and(|w| w >= planned * 0.799 && w <= planned * 1.201));
            prop_assert!(delivery_wait(attempt + 1, high, None) > delivery_wait(attempt, low, None));
        }

        #[test]
        fn retry_after_lengthens_but_not_beyond_an_hour(asked in 0_u64..1_000_000) {
            let wait = delivery_wait(1, 0.5, Some(Duration::from_secs(asked)));
            prop_assert_eq!(wait, Some(Duration::from_secs(asked.clamp(2, 3600))));
        }
    }

    #[test]
    fn ends_after_the_last_wait() {
        assert!(delivery_wait(10, 0.0, None).is_some());
        assert_eq!(delivery_wait(11, 0.0, None), None);
        assert_eq!(delivery_wait(0, 0.0, None), None);
    }

    #[test]
    fn a_waiting_pod_is_seen_in_time() {
        let timeout = Duration::from_secs(60);
        assert!((0..10).all(|check| check_wait(check, timeout) <= timeout / 2));
    }
}
