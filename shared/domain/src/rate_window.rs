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
    /// Some were had.
    Had {
        /// How many.
        turns: u32,
        /// The window with them taken.
        window: RateWindow,
    },
    /// None is left.
    Full {
        /// From when on one is, if nobody takes it.
        until: Timestamp,
        /// The window that is full.
        window: RateWindow,
    },
}

impl RateWindow {
    /// Takes at most `wish` of `limit` turns a minute at `now`. What was taken in the minute
    /// before counts by the part of it that still lies within the last sixty seconds.
    #[must_use]
    pub fn lease(self, wish: u32, limit: u32, now: Timestamp) -> Lease {
        let window = self.at(now);
        let left = window.room(limit, now).saturating_sub(window.taken);
        if left == 0 {
            return Lease::Full { until: window.free_at(limit, now), window };
        }
        let turns = wish.min(left);
        Lease::Had { turns, window: Self { taken: window.taken + turns, ..window } }
    }

    /// The lease of `turns` that were added and made the window this. Some of them may lie
    /// beyond the limit: these stay taken, and nobody has them.
    #[must_use]
    pub fn had(self, turns: u32, limit: u32, now: Timestamp) -> Lease {
        let without = Self { taken: self.taken.saturating_sub(turns), ..self };
        match without.lease(turns, limit, now) {
            Lease::Had { turns, .. } => Lease::Had { turns, window: self },
            full @ Lease::Full { .. } => full,
        }
    }

    /// The minute of `now`.
    #[must_use]
    pub fn minute(now: Timestamp) -> i64 {
        now.as_seconds().div_euclid(60)
    }

    /// The window as it is at `now`.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        let minute = Self::minute(now);
        match minute - self.minute {
            // Of a later minute it can only be by another machine's clock.
            ..=0 => self,
            1 => Self { minute, taken: 0, before: self.taken },
            _ => Self { minute, taken: 0, before: 0 },
        }
    }

    /// How many turns of this minute there are at `now`, taken or not.
    #[must_use]
    pub fn room(self, limit: u32, now: Timestamp) -> u32 {
        let left = end_of_minute(now).since(now).as_millis();
        // Turns taken beyond the limit are nobody's.
        let before = u128::from(self.before.min(limit));
        let weight = (before * left).div_ceil(LENGTH.as_millis());
        limit.saturating_sub(u32::try_from(weight).unwrap_or(u32::MAX))
    }

    /// Most turns that a minute may have seen so that the one after it, in which `now` lies, has
    /// room.
    #[must_use]
    pub fn most_before(limit: u32, now: Timestamp) -> u32 {
        let left = end_of_minute(now).since(now).as_millis();
        let most = u128::from(limit.saturating_sub(1)) * LENGTH.as_millis() / left;
        // Where the limit itself leaves room, so does whatever was taken beyond it.
        u32::try_from(most).ok().filter(|most| *most < limit).unwrap_or(u32::MAX)
    }

    /// From when on a full window has a turn: when enough of the minute before has passed out of
    /// sight, or of this one when that is the minute before.
    fn free_at(self, limit: u32, now: Timestamp) -> Timestamp {
        let (counting, sliding, end) = if self.taken < limit {
            (self.taken, self.before, end_of_minute(now))
        } else {
            (0, self.taken, end_of_minute(now) + LENGTH)
        };
        let room = limit.saturating_sub(counting + 1);
        end - (LENGTH * room / sliding.clamp(1, limit.max(1))).min(LENGTH)
    }
}

/// When the next minute begins; later than `now`.
fn end_of_minute(now: Timestamp) -> Timestamp {
    Timestamp::from_millis((RateWindow::minute(now) + 1) * 60_000)
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
        // Of those taken beyond the limit nobody had one, so they do not count.
        for taken in [100, 130] {
            let full = RateWindow { minute: 0, taken, before: 0 };
            let Lease::Full { until, .. } = full.lease(1, 100, at(59)) else { panic!("some left") };
            assert_eq!(until, Timestamp::from_millis(60_600));
            // Half of the hundred count half a minute later.
            let Lease::Had { turns, .. } = full.lease(80, 100, at(90)) else { panic!("none left") };
            assert_eq!(turns, 50);
            assert!(matches!(full.lease(80, 100, at(120)), Lease::Had { turns: 80, .. }));
        }
    }

    proptest! {
        /// Whoever knows only how many were taken in the minute before decides as one who knows
        /// the window.
        #[test]
        fn most_before_is_where_room_ends(limit in 1_u32..200, taken in 0_u32..300, ms in 0..60_000) {
            let now = Timestamp::from_millis(60_000 + i64::from(ms));
            let has_room = RateWindow { minute: 0, taken, before: 0 }.at(now).room(limit, now) > 0;
            prop_assert_eq!(taken <= RateWindow::most_before(limit, now), has_room);
        }

        /// Against a plain list of the turns taken: never more in one clock minute than the
        /// limit, and a full one has a turn from the very millisecond that it names.
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
                    Lease::Full { until, window: full } => {
                        prop_assert!(until > at(now) && until <= at(now + 120));
                        let is_full = |time| matches!(full.lease(1, limit, time), Lease::Full { .. });
                        prop_assert!(is_full(Timestamp::from_millis(until.as_millis() - 1)));
                        prop_assert!(!is_full(until));
                    }
                }
            }
        }
    }
}
