//! When to retry: the retry schedule of deliveries, the backoff of failed work, and the interval
//! between polls of a running job.

use std::time::Duration;

use crate::EventType;

/// Waits after the first, second, … failed attempt, in seconds. A receiver that fails 30 % of
/// the time at random has been reached with 99.7 % probability after three minutes.
const USUAL: [u32; 10] = [2, 8, 30, 90, 300, 900, 3600, 10_800, 28_800, 57_600];

/// Of progress, whose next report has more: three attempts.
const PROGRESS: [u32; 2] = [1, 2];

/// How much a wait may differ from the schedule, so that failures do not come back in step.
const JITTER: f64 = 0.2;

/// Longest `Retry-After` of a receiver that is followed.
const RETRY_AFTER_MAXIMUM: Duration = Duration::from_hours(1);

/// When the attempts at a delivery follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetrySchedule<'a>(&'a [u32]);

impl<'a> RetrySchedule<'a> {
    /// The schedule for `event` at a receiver whose `own` waits, in seconds, replace the usual
    /// ones. A test event is sent once, since its sender reads the result.
    pub const fn new(event: EventType, own: Option<&'a [u32]>) -> Self {
        match (event, own) {
            (EventType::JobProgress, _) => Self(&PROGRESS),
            (EventType::EndpointTest, _) => Self(&[]),
            (_, Some(own)) => Self(own),
            (_, None) => Self(&USUAL),
        }
    }

    /// How long to wait after the `attempt`-th failed one (from 1), or `None` when that was the
    /// last. `random` in 0..1 picks the jitter; a receiver's `Retry-After` lengthens the wait.
    pub fn wait(
        self,
        attempt: u32,
        random: f64,
        retry_after: Option<Duration>,
    ) -> Option<Duration> {
        let index = usize::try_from(attempt.checked_sub(1)?).ok()?;
        let seconds = *self.0.get(index)?;
        let factor = 1.0 - JITTER + 2.0 * JITTER * random.clamp(0.0, 1.0);
        let wait = Duration::from_secs(seconds.into()).mul_f64(factor);
        Some(retry_after.map_or(wait, |asked| wait.max(asked.min(RETRY_AFTER_MAXIMUM))))
    }

    /// The longest time from the first attempt to the last, if each is made when it is due.
    pub fn span(self) -> Duration {
        let seconds: u64 = self.0.iter().map(|seconds| u64::from(*seconds)).sum();
        Duration::from_secs(seconds).mul_f64(1.0 + JITTER)
    }
}

/// The interval between polls of a job that has not ended: half the time for which a worker waits
/// with its file, so that a lost webhook costs no file.
pub fn poll_interval(confirmation_timeout: Duration) -> Duration {
    confirmation_timeout / 2
}

/// When a job of its own is first polled. A worker that refuses its input ends at once, and does not
/// call back.
const FIRST_POLL: Duration = Duration::from_secs(5);

/// How long after its start a job is first polled; `is_step` if it is one of a project, whose
/// services report failures too.
pub fn first_poll(is_step: bool, confirmation_timeout: Duration) -> Duration {
    let interval = poll_interval(confirmation_timeout);
    if is_step { interval } else { interval.min(FIRST_POLL) }
}

/// Longest wait between two polls.
const POLL_MAXIMUM: Duration = Duration::from_mins(5);

/// How long to wait for the next poll of a job whose state began `age` ago: a quarter of that, since
/// a webhook is expected, but not less than `least`. A file that its provider keeps for `kept` once
/// it is made may vanish unseen: it is polled at least twice in that time. A provider may have its own
/// `most`.
pub fn poll_wait(
    age: Duration,
    kept: Option<Duration>,
    least: Duration,
    most: Option<Duration>,
) -> Duration {
    let most = most.unwrap_or(POLL_MAXIMUM);
    let most = kept.map_or(most, |kept| most.min(kept / 2));
    (age / 4).clamp(least, most.max(least))
}

/// The backoff of a message whose `receive_count`-th receipt failed: 1 s, 2 s, 4 s … up to a
/// minute.
pub fn work_wait(receive_count: u32) -> Duration {
    Duration::from_secs(1 << receive_count.saturating_sub(1).min(6)).min(Duration::from_mins(1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DONE: EventType = EventType::JobCompleted;

    proptest! {
        #[test]
        fn waits_grow_and_stay_within_the_jitter(
            attempt in 1_u32..10, low in 0.0_f64..=1.0, high in 0.0_f64..=1.0,
        ) {
            let usual = RetrySchedule::new(DONE, None);
            let wait = usual.wait(attempt, low, None).map(|wait| wait.as_secs_f64());
            let usual_wait = [2.0, 8.0, 30.0, 90.0, 300.0, 900.0, 3600.0, 10_800.0, 28_800.0, 57_600.0]
                [attempt as usize - 1];
            prop_assert!(wait.is_some_and(|w| w >= usual_wait * 0.799 && w <= usual_wait * 1.201));
            prop_assert!(usual.wait(attempt + 1, high, None) > usual.wait(attempt, low, None));
        }

        /// Against the plain sum: whatever a receiver answers and an endpoint has set, no wait is
        /// longer than its bound, and without a `Retry-After` all of them end within the span.
        #[test]
        fn every_schedule_is_bounded(
            own in prop::collection::vec(1_u32..=86_400, 1..=20), random in 0.0_f64..=1.0,
            asked: Option<u32>,
        ) {
            let schedule = RetrySchedule::new(DONE, Some(&own));
            let asked = asked.map(|seconds| Duration::from_secs(seconds.into()));
            let count = u32::try_from(own.len()).unwrap_or(0);
            let mut whole = Duration::ZERO;
            for attempt in 1..=count {
                let bound = Duration::from_hours(24).mul_f64(1.2);
                prop_assert!(schedule.wait(attempt, random, asked).is_some_and(|w| w <= bound));
                whole += schedule.wait(attempt, random, None).unwrap_or_default();
            }
            prop_assert_eq!(schedule.wait(count + 1, random, asked), None);
            prop_assert!(whole <= schedule.span() + Duration::from_millis(1));
        }

        #[test]
        fn retry_after_lengthens_but_not_beyond_an_hour(asked in 0_u64..1_000_000) {
            let usual = RetrySchedule::new(DONE, None);
            let wait = usual.wait(1, 0.5, Some(Duration::from_secs(asked)));
            prop_assert_eq!(wait, Some(Duration::from_secs(asked.clamp(2, 3600))));
        }
    }

    #[test]
    fn polls_become_fewer_unless_a_file_may_vanish() {
        let seconds = |age: u64, kept: Option<u64>| {
            let kept = kept.map(Duration::from_secs);
            poll_wait(Duration::from_secs(age), kept, Duration::from_secs(30), None).as_secs()
        };
        for (age, kept, expected) in [
            (0, None, 30),
            (120, None, 30),
            (240, None, 60),
            (1200, None, 300),
            (7200, None, 300),
            (7200, Some(60), 30),
            (7200, Some(10), 30),
            (240, Some(600), 60),
            (7200, Some(600), 300),
            (7200, Some(400), 200),
        ] {
            assert_eq!(seconds(age, kept), expected, "{age} {kept:?}");
        }
        let polls = |kept| {
            let mut age = 0;
            std::iter::repeat_with(|| {
                age += seconds(age, kept);
                age
            })
            .take_while(|age| *age < 7200)
            .count()
        };
        assert_eq!((polls(Some(60)), polls(None)), (239, 34), "in the two hours of a run");
    }

    #[test]
    fn ends_after_the_last_wait() {
        let attempts = |event, own| {
            let schedule = RetrySchedule::new(event, own);
            (1..100).take_while(|attempt| schedule.wait(*attempt, 0.0, None).is_some()).count() + 1
        };
        assert_eq!(attempts(DONE, None), 11);
        assert_eq!(attempts(DONE, Some(&[5, 5])), 3);
        assert_eq!(attempts(EventType::JobProgress, Some(&[5, 5, 5])), 3);
        assert_eq!(attempts(EventType::EndpointTest, None), 1);
        assert_eq!(RetrySchedule::new(DONE, None).wait(0, 0.0, None), None);
    }
}
