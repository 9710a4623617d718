//! How a receiver has been doing, and whether to leave it alone for a while: the circuit breaker
//! that keeps one dead receiver from using up the attempts of all.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Failures in a row after which a receiver is left alone.
const TOLERATED: u32 = 10;
/// For how long, the first time. It doubles with each probe that fails.
const FIRST_REST: Duration = Duration::from_secs(30);
/// For how long at most.
const LONGEST_REST: Duration = Duration::from_mins(15);
/// How much a rest may differ, so that receivers that failed together are not tried together.
const JITTER: f64 = 0.2;
/// How long one probe has before another is sent: a whole attempt and its record.
const PROBE: Duration = Duration::from_secs(30);
/// After how long without a success an endpoint is given up.
const GIVEN_UP: Duration = Duration::from_hours(5 * 24);

/// What is known of a receiver that fails. One that does not has no such record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Failed attempts since the last success.
    pub consecutive_failures: u32,
    /// When the first of them was made.
    pub failing_since: Timestamp,
    /// Until when it is left alone; once that is over, one probe finds out more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_until: Option<Timestamp>,
    /// How often it has been left alone since the last success.
    #[serde(default)]
    pub openings: u32,
    /// Until when the probe that is under way counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe_until: Option<Timestamp>,
}

/// Whether a receiver may be sent something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// It may.
    Closed,
    /// Not before then.
    Open(Timestamp),
    /// Not while the probe is under way, which is over in a moment.
    Probed,
    /// Only by whoever claims the probe until then.
    HalfOpen(Timestamp),
}

impl Health {
    /// Whether the receiver may be sent something at `now`.
    #[must_use]
    pub fn gate(&self, now: Timestamp) -> Gate {
        match (self.open_until, self.probe_until) {
            (None, _) => Gate::Closed,
            (Some(until), _) if until > now => Gate::Open(until),
            (Some(_), Some(probe)) if probe > now => Gate::Probed,
            (Some(_), _) => Gate::HalfOpen(now + PROBE),
        }
    }

    /// Until when to leave the receiver alone after a failure at `now` that led to this, if that
    /// is called for. `random` in 0..1 picks the jitter.
    #[must_use]
    pub fn rest(&self, now: Timestamp, random: f64) -> Option<Timestamp> {
        let resting = self.open_until.is_some_and(|until| until > now);
        if resting || self.consecutive_failures < TOLERATED {
            return None;
        }
        let rest = FIRST_REST.saturating_mul(1 << self.openings.min(5)).min(LONGEST_REST);
        Some(now + rest.mul_f64(1.0 - JITTER + 2.0 * JITTER * random.clamp(0.0, 1.0)))
    }

    /// Whether it has failed for so long that it is not coming back by itself.
    #[must_use]
    pub fn is_hopeless(&self, now: Timestamp) -> bool {
        self.consecutive_failures >= TOLERATED && now.since(self.failing_since) >= GIVEN_UP
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn health(consecutive_failures: u32) -> Health {
        Health {
            consecutive_failures,
            failing_since: at(0),
            open_until: None,
            openings: 0,
            probe_until: None,
        }
    }

    #[test]
    fn a_few_failures_change_nothing() {
        assert_eq!(health(9).rest(at(0), 0.5), None);
        assert_eq!(health(9).gate(at(0)), Gate::Closed);
        assert_eq!(health(10).rest(at(0), 0.5), Some(at(30)));
    }

    #[test]
    fn rests_then_probes_once() {
        let resting = Health { open_until: Some(at(30)), openings: 1, ..health(10) };
        assert_eq!(resting.gate(at(29)), Gate::Open(at(30)));
        assert_eq!(resting.gate(at(30)), Gate::HalfOpen(at(60)));
        assert_eq!(resting.rest(at(29), 0.5), None);
        assert_eq!(resting.rest(at(31), 0.5), Some(at(31 + 60)));
        let probed = Health { probe_until: Some(at(60)), ..resting };
        assert_eq!(probed.gate(at(31)), Gate::Probed);
        assert_eq!(probed.gate(at(60)), Gate::HalfOpen(at(90)));
    }

    #[test]
    fn is_given_up_after_five_days_of_failures_and_not_of_silence() {
        let days = |days: i64| at(days * 86_400);
        assert!(health(10).is_hopeless(days(5)));
        assert!(!health(10).is_hopeless(days(4)));
        assert!(!health(2).is_hopeless(days(5)));
    }

    proptest! {
        #[test]
        fn a_rest_grows_and_is_bounded(openings in 0_u32..100, random in 0.0_f64..=1.0) {
            let rest = |openings: u32| {
                let until = Health { openings, ..health(50) }.rest(at(0), random);
                until.map_or(Duration::ZERO, |until| until.since(at(0)))
            };
            prop_assert!(rest(openings) <= rest(openings + 1));
            prop_assert!(rest(openings) >= FIRST_REST.mul_f64(0.79));
            prop_assert!(rest(openings) <= LONGEST_REST.mul_f64(1.21));
        }
    }
}
