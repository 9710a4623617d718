//! The sliding window of a rate limit that many instances share: each leases a few permits at a
//! time, so that most requests cost no write.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// How long a window is: the limits of the scene service webhook are per minute.
const LENGTH: Duration = Duration::from_mins(1);

/// The permits taken in the present minute and in the one before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateWindow {
    /// Which minute is the present one, counted from 1970.
    pub minute: i64,
    /// Permits taken in it.
    pub taken: u32,
    /// Permits taken in the minute before.
    pub before: u32,
}

/// The answer to a request for permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lease {
    /// Some are granted.
    Granted {
        /// How many.
        permits: u32,
        /// The window with them taken.
        window: RateWindow,
    },
    /// None is left.
    Full {
        /// From when on one is, if no other takes it.
        until: Timestamp,
        /// The window that is full.
        window: RateWindow,
    },
}

impl RateWindow {
    /// Takes at most `requested` of `limit` permits a minute at `now`. What was taken in the
    /// minute before counts by the part of it that still lies within the last sixty seconds.
    pub fn lease(self, requested: u32, limit: u32, now: Timestamp) -> Lease {
        let window = self.at(now);
        let left = window.room(limit, now).saturating_sub(window.taken);
        if left == 0 {
            return Lease::Full { until: window.free_at(limit, now), window };
        }
        let permits = requested.min(left);
        Lease::Granted { permits, window: Self { taken: window.taken + permits, ..window } }
    }

    /// The lease of `permits` that were added and made the window this. Those of them beyond the
    /// limit stay taken and are granted to none.
    pub fn granted(self, permits: u32, limit: u32, now: Timestamp) -> Lease {
        let without = Self { taken: self.taken.saturating_sub(permits), ..self };
        match without.lease(permits, limit, now) {
            Lease::Granted { permits, .. } => Lease::Granted { permits, window: self },
            full @ Lease::Full { .. } => full,
        }
    }

    /// The minute of `now`.
    pub fn minute(now: Timestamp) -> i64 {
        now.as_seconds().div_euclid(60)
    }

    /// The window as it is at `now`.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        let minute = Self::minute(now);
        match minute - self.minute {
            // A later minute can only come from another machine's clock.
            ..=0 => self,
            1 => Self { minute, taken: 0, before: self.taken },
            _ => Self { minute, taken: 0, before: 0 },
        }
    }

    /// How many permits this minute has at `now`, taken or not.
    pub fn room(self, limit: u32, now: Timestamp) -> u32 {
        let left = end_of_minute(now).since(now).as_millis();
        // Those taken beyond the limit were granted to none.
        let before = u128::from(self.before.min(limit));
        let weight = (before * left).div_ceil(LENGTH.as_millis());
        limit.saturating_sub(u32::try_from(weight).unwrap_or(u32::MAX))
    }

    /// Most permits taken in a minute so that the one after it, in which `now` lies, has room.
    pub fn most_before(limit: u32, now: Timestamp) -> u32 {
        let left = end_of_minute(now).since(now).as_millis();
        let most = u128::from(limit.saturating_sub(1)) * LENGTH.as_millis() / left;
        // Where the limit itself leaves room, so does whatever was taken beyond it.
        u32::try_from(most).ok().filter(|most| *most < limit).unwrap_or(u32::MAX)
    }

    /// From when on a full window has a permit: when enough of the minute before has passed out of
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
        // Those taken beyond the limit were granted to none, so they do not count.
        for taken in [100, 130] {
            let full = RateWindow { minute: 0, taken, before: 0 };
            let Lease::Full { until, .. } = full.lease(1, 100, at(59)) else { panic!("some left") };
            assert_eq!(until, Timestamp::from_millis(60_600));
            // Half of the hundred count half a minute later.
            let Lease::Granted { permits, .. } = full.lease(80, 100, at(90)) else {
                panic!("none left")
            };
            assert_eq!(permits, 50);
            assert!(matches!(full.lease(80, 100, at(120)), Lease::Granted { permits: 80, .. }));
        }
    }

    proptest! {
        /// The count of the minute before alone decides as the whole window does.
        #[test]
        fn most_before_is_where_room_ends(limit in 1_u32..200, taken in 0_u32..300, ms in 0..60_000) {
            let now = Timestamp::from_millis(60_000 + i64::from(ms));
            let has_room = RateWindow { minute: 0, taken, before: 0 }.at(now).room(limit, now) > 0;
            prop_assert_eq!(taken <= RateWindow::most_before(limit, now), has_room);
        }

        /// Against a plain list of the permits taken: never more in one clock minute than the
        /// limit, and a full one has a permit from the very millisecond that it names.
        #[test]
        fn never_gives_more_than_the_limit(
            steps in prop::collection::vec((0_i64..20, 1_u32..15), 1..200), limit in 1_u32..120,
        ) {
            let (mut window, mut now) = (RateWindow::default(), 0);
            let mut taken = std::collections::HashMap::<i64, u32>::new();
            for (pause, requested) in steps {
                now += pause;
                match window.lease(requested, limit, at(now)) {
                    Lease::Granted { permits, window: next } => {
                        window = next;
                        prop_assert!(permits >= 1 && permits <= requested);
                        let minute = taken.entry(now / 60).or_default();
                        *minute += permits;
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
