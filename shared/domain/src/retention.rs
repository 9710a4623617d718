//! How long a job or a project is kept with its files, and what its owner erases before that.

use std::num::NonZeroU16;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{InvalidField, Timestamp};

/// How long something is kept after its creation, in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RetentionDays(NonZeroU16);

impl RetentionDays {
    const fn of(days: u16) -> Self {
        match NonZeroU16::new(days) {
            Some(days) => Self(days),
            None => Self(NonZeroU16::MIN),
        }
    }

    /// The time from `start` to `end` in started days.
    pub(crate) fn between(start: Timestamp, end: Timestamp) -> Self {
        let days = end.since(start).as_secs().div_ceil(86_400);
        Self::of(u16::try_from(days).unwrap_or(u16::MAX))
    }

    /// The duration.
    pub const fn duration(self) -> Duration {
        Duration::from_hours(24 * self.0.get() as u64)
    }
}

impl Default for RetentionDays {
    /// 30 days.
    fn default() -> Self {
        Self::of(30)
    }
}

impl std::str::FromStr for RetentionDays {
    type Err = InvalidField;

    fn from_str(text: &str) -> Result<Self, InvalidField> {
        let days = text.parse().map(Self);
        days.map_err(|_| InvalidField::new("retention_days", "must be a whole number of days"))
    }
}

/// How long a deployment keeps things.
#[derive(Debug, Clone, Copy)]
pub struct RetentionPolicy {
    /// Where a request does not say.
    pub default: RetentionDays,
    /// The most that a request may ask for.
    pub maximum: RetentionDays,
}

impl RetentionPolicy {
    /// The retention for a request that asks for `days`, the member `retention_days`.
    pub fn of(&self, days: Option<u16>) -> Result<RetentionDays, InvalidField> {
        let Some(days) = days else { return Ok(self.default) };
        let asked = NonZeroU16::new(days).map(RetentionDays);
        asked.filter(|asked| *asked <= self.maximum).ok_or_else(|| {
            let message = format!("must be 1 to {} days", self.maximum.0);
            InvalidField::new("retention_days", message)
        })
    }
}

/// What an owner has erased, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Erasure,
}

/// What an owner erases of a job or a project that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Erasure {
    /// Its files and its result.
    Outputs,
    /// All that it was given or has made. What is left says that there was such a job, and how it
    /// ended.
    All,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_may_ask_for_any_days_up_to_the_maximum() {
        let policy =
            RetentionPolicy { default: RetentionDays::of(30), maximum: RetentionDays::of(90) };
        assert_eq!(policy.of(None), Ok(RetentionDays::of(30)));
        assert_eq!(policy.of(Some(1)).unwrap().duration(), Duration::from_hours(24));
        assert_eq!(policy.of(Some(90)), Ok(RetentionDays::of(90)));
        for days in [0, 91, u16::MAX] {
            assert_eq!(policy.of(Some(days)).unwrap_err().message, "must be 1 to 90 days");
        }
    }

    #[test]
    fn whole_days_survive_that_expiry_is_stored_in_seconds() {
        let start = Timestamp::from_millis(1_999);
        let end = start + RetentionDays::of(7).duration() - Duration::from_millis(999);
        assert_eq!(RetentionDays::between(start, end), RetentionDays::of(7));
    }
}
