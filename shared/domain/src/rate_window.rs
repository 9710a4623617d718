//! A sliding window that many instances share: each takes a few turns at a time out of it, so
//! that most requests cost no write.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// How long a window is (seed 001).
const LENGTH: Duration = Duration::from_mins(1);

/// The turns taken in the present minute and in the one before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateWindow {
    /// Which minute is the present one, counted from 1970.
    pub minute: i64,
    /// Turns taken in it.
    pub taken: u32,
    /// Turns taken in the minute before.
    pub before: u32,
}

/// What became of the wish for turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lease {
    /// So many were had; the window is now this.
    Had {
        /// How many.
        turns: u32,
        /// The window with them taken.
        window: RateWindow,
    },
    /// None is left for so long.
    Full(Duration),
}

impl RateWindow {
    /// Takes at most `wish` of `limit` turns a minute at `now`. What was taken in the minute
    /// before counts by the part of it that still lies within the last sixty seconds.
    #[must_use]
    pub fn lease(self, wish: u32, limit: u32, now: Timestamp) -> Lease {
        let window = self.at(now);
        let left = limit.saturating_sub(window.taken).saturating_sub(window.weight(now));
        if left == 0 {
            return Lease::Full(window.wait(limit, now));
        }
        let turns = wish.min(left);
        Lease::Had { turns, window: Self { taken: window.taken + turns, ..window } }
    }

    /// The minute of `now`.
    #[must_use]
    pub fn minute(now: Timestamp) -> i64 {
        now.as_seconds().div_euclid(60)
    }

    /// The window as it is at `now`.
    fn at(self, now: Timestamp) -> Self {
        let minute = Self::minute(now);
        match minute - self.minute {
            // Of a later minute it can only be by another machine's clock.
            ..=0 => self,
            1 => Self { minute, taken: 0, before: self.taken },
            _ => Self { minute, taken: 0, before: 0 },
        }
    }

    /// How many turns of the minute before count at `now`, rounded up.
    fn weight(self, now: Timestamp) -> u32 {
        let left = LENGTH.saturating_sub(into_minute(now)).as_millis();
        let weight = (u128::from(self.before) * left).div_ceil(LENGTH.as_millis());
        u32::try_from(weight).unwrap_or(u32::MAX)
    }

    /// When a turn is free again: when enough of the minute before has passed out of sight, or
    /// in the next minute. In whole seconds, since `Retry-After` is.
    fn wait(self, limit: u32, now: Timestamp) -> Duration {
        let free_within = (1..=120).find(|seconds| {
            let later = now + Duration::from_secs(*seconds);
            let window = self.at(later);
            window.taken + window.weight(later) < limit
        });
        Duration::from_secs(free_within.unwrap_or(60))
    }
}

fn into_minute(now: Timestamp) -> Duration {
    let milliseconds = now.as_millis().rem_euclid(60_000);
    Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn a_full_window_opens_as_the_minute_before_slides_out() {
        let full = RateWindow { minute: 0, taken: 100, before: 0 };
        assert!(matches!(full.lease(1, 100, at(59)), Lease::Full(_)));
        // Half of the hundred count half a minute later.
        let Lease::Had { turns, .. } = full.lease(80, 100, at(90)) else { panic!("none left") };
        assert_eq!(turns, 50);
        assert!(matches!(full.lease(80, 100, at(120)), Lease::Had { turns: 80, .. }));
    }

    proptest! {
        /// Against a plain list of the turns taken: never more in one clock minute than the
        /// limit, and whoever is told to wait so long is served then.
        #[test]
        fn never_gives_more_than_the_limit(
            steps in prop::collection::vec((0_i64..20, 1_u32..15), 1..200), limit in 1_u32..120,
        ) {
            let (mut window, mut now) = (RateWindow::default(), 0);
            let mut taken = std::collections::HashMap::<i64, u32>::new();
            for (pause, wish) in steps {
                now += pause;
                match window.lease(wish, limit, at(now)) {
                    Lease::Had { turns, window: next } => {
                        window = next;
                        prop_assert!(turns >= 1 && turns <= wish);
                        let minute = taken.entry(now / 60).or_default();
                        *minute += turns;
                        prop_assert!(*minute <= limit);
                    }
                    Lease::Full(wait) => {
                        prop_assert!(wait <= Duration::from_mins(2));
                        let later = at(now) + wait;
                        let had = matches!(window.lease(1, limit, later), Lease::Had { .. });
                        prop_assert!(had);
                    }
                }
            }
        }
    }
}
