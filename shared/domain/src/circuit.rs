//! The circuit breaker: what keeps failing is not called for a while, so that one dead receiver
//! or provider does not use up the attempts of all.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_with_macros::skip_serializing_none;

use crate::Timestamp;

/// Failures in a row that open a circuit.
const FAILURE_THRESHOLD: u32 = 10;
/// The first open duration. It doubles with each probe that fails.
const OPEN_DURATION: Duration = Duration::from_secs(30);
/// The longest open duration.
const OPEN_DURATION_MAXIMUM: Duration = Duration::from_mins(15);
/// How much an open duration may differ, so that circuits that opened together are not probed
/// together.
const JITTER: f64 = 0.2;
/// How long one probe has before another is sent: a whole attempt and its record.
pub const PROBE_DURATION: Duration = Duration::from_secs(30);
/// After how long without a success a failure is permanent.
const PERMANENT_AFTER: Duration = Duration::from_hours(5 * 24);

/// The circuit of something that fails. What works has no record of one: its circuit is closed.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Circuit {
    /// Failed attempts since the last success.
    pub consecutive_failures: u32,
    /// When the first of them was made.
    pub failing_since: Timestamp,
    /// Until when it is open; then it is half-open.
    pub open_until: Option<Timestamp>,
    /// How often it has opened since the last success.
    #[serde(default)]
    pub openings: u32,
    /// Until when the present probe counts.
    pub probe_until: Option<Timestamp>,
}

/// The state of a circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CircuitState {
    /// Calls go through.
    Closed,
    /// No call goes through until then.
    Open(Timestamp),
    /// No call goes through while the probe is under way, which ends soon.
    Probing,
    /// One call goes through: that of the caller who claims the probe until then.
    HalfOpen(Timestamp),
}

impl Circuit {
    /// Its state at `now`.
    pub fn state(&self, now: Timestamp) -> CircuitState {
        match (self.open_until, self.probe_until) {
            (None, _) => CircuitState::Closed,
            (Some(until), _) if until > now => CircuitState::Open(until),
            (Some(_), Some(probe)) if probe > now => CircuitState::Probing,
            (Some(_), _) => CircuitState::HalfOpen(now + PROBE_DURATION),
        }
    }

    /// Until when the failure at `now` that led to this opens it, if it does. `random` in 0..1
    /// picks the jitter.
    pub fn opens_until(&self, now: Timestamp, random: f64) -> Option<Timestamp> {
        let is_open = self.open_until.is_some_and(|until| until > now);
        if is_open || self.consecutive_failures < FAILURE_THRESHOLD {
            return None;
        }
        let duration = OPEN_DURATION.saturating_mul(1 << self.openings.min(5));
        let duration = duration.min(OPEN_DURATION_MAXIMUM);
        Some(now + duration.mul_f64(1.0 - JITTER + 2.0 * JITTER * random.clamp(0.0, 1.0)))
    }

    /// Whether the failure is permanent: it has lasted for so long that it will not end by itself.
    pub fn is_permanent(&self, now: Timestamp) -> bool {
        self.consecutive_failures >= FAILURE_THRESHOLD
            && now.since(self.failing_since) >= PERMANENT_AFTER
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn circuit(consecutive_failures: u32) -> Circuit {
        Circuit {
            consecutive_failures,
            failing_since: at(0),
            open_until: None,
            openings: 0,
            probe_until: None,
        }
    }

    #[test]
    fn a_few_failures_change_nothing() {
        assert_eq!(circuit(9).opens_until(at(0), 0.5), None);
        assert_eq!(circuit(9).state(at(0)), CircuitState::Closed);
        assert_eq!(circuit(10).opens_until(at(0), 0.5), Some(at(30)));
    }

    #[test]
    fn is_open_then_half_open_for_one_probe() {
        let open = Circuit { open_until: Some(at(30)), openings: 1, ..circuit(10) };
        assert_eq!(open.state(at(29)), CircuitState::Open(at(30)));
        assert_eq!(open.state(at(30)), CircuitState::HalfOpen(at(60)));
        assert_eq!(open.opens_until(at(29), 0.5), None);
        assert_eq!(open.opens_until(at(31), 0.5), Some(at(31 + 60)));
        let probing = Circuit { probe_until: Some(at(60)), ..open };
        assert_eq!(probing.state(at(31)), CircuitState::Probing);
        assert_eq!(probing.state(at(60)), CircuitState::HalfOpen(at(90)));
    }

    #[test]
    fn a_failure_is_permanent_after_five_days_of_failures_and_not_of_silence() {
        let days = |days: i64| at(days * 86_400);
        assert!(circuit(10).is_permanent(days(5)));
        assert!(!circuit(10).is_permanent(days(4)));
        assert!(!circuit(2).is_permanent(days(5)));
    }

    proptest! {
        #[test]
        fn an_open_duration_grows_and_is_bounded(openings in 0_u32..100, random in 0.0_f64..=1.0) {
            let duration = |openings: u32| {
                let until = Circuit { openings, ..circuit(50) }.opens_until(at(0), random);
                until.map_or(Duration::ZERO, |until| until.since(at(0)))
            };
            prop_assert!(duration(openings) <= duration(openings + 1));
            prop_assert!(duration(openings) >= OPEN_DURATION.mul_f64(0.79));
            prop_assert!(duration(openings) <= OPEN_DURATION_MAXIMUM.mul_f64(1.21));
        }
    }
}
