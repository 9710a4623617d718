//! Permits under a rate limit that all instances share. One write leases several, and writes
//! made at the same time do not conflict.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::Timestamp;
use domain::rate_window::{Lease, RateWindow};

use crate::expressions::Expressions;
use crate::item::{expiry, number, read};
use crate::keys::{self, EXPIRES_AT};
use crate::{Result, Store, StoreError};

const OPERATION: &str = "lease permits";
/// For how long a window is kept: its minute and the next one, in which it still counts.
const KEPT: std::time::Duration = std::time::Duration::from_mins(3);
/// How often a window can differ from the one seen. It only goes forward, so that more would
/// take a clock that is minutes ahead of ours.
const TRIES: usize = 4;

/// How the window in the table passes to the present minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Passage {
    /// It is there already, or ahead by another clock.
    Stay,
    /// It is in the minute before.
    Next,
    /// It is further back, or there is none.
    Begin,
}

impl Passage {
    const fn from(window: RateWindow, minute: i64) -> Self {
        match minute - window.minute {
            ..=0 => Self::Stay,
            1 => Self::Next,
            _ => Self::Begin,
        }
    }
}

impl Store {
    /// Takes at most `requested` of `limit` permits a minute for requests from `address` to `route`.
    /// `seen` is the window as it was last seen, if it was: one that is known to be full costs
    /// no call, and one whose minute is known costs one.
    pub async fn lease_permits(
        &self,
        (route, address): (&str, &str),
        seen: RateWindow,
        requested: u32,
        limit: u32,
        now: Timestamp,
    ) -> Result<Lease> {
        let mut seen = seen;
        for _ in 0..TRIES {
            let permits = match seen.lease(requested, limit, now) {
                Lease::Granted { permits, .. } => permits,
                full @ Lease::Full { .. } => return Ok(full),
            };
            match self.add_permits((route, address), seen, (permits, limit), now).await? {
                Ok(window) => return Ok(window.granted(permits, limit, now)),
                Err(other) => seen = other,
            }
        }
        Err(StoreError::call(OPERATION)("the window is never as it was seen"))
    }

    /// Adds `permits` to those taken in the minute of `now`. The window then; or, where it was
    /// not in the minute that it was `seen` in or is full, the window as it is.
    async fn add_permits(
        &self,
        (route, address): (&str, &str),
        seen: RateWindow,
        (permits, limit): (u32, u32),
        now: Timestamp,
    ) -> Result<Result<RateWindow, RateWindow>> {
        let (update, condition) = addition(seen, (permits, limit), now);
        let key = keys::rate_window(route, address);
        Ok(match self.update(OPERATION, key, update, condition).await? {
            Ok(window) => Ok(read(window)?),
            // Without an item it has expired meanwhile: a new window.
            Err(window) => Err(window.map(read).transpose()?.unwrap_or_default()),
        })
    }
}

/// The update that adds permits to a window last `seen` like this, and its condition: it is in
/// that minute, and has a permit left. What others take meanwhile is allowed for, so that updates
/// at the same time do not conflict.
fn addition(
    seen: RateWindow,
    (permits, limit): (u32, u32),
    now: Timestamp,
) -> (Expressions, String) {
    let present = RateWindow::minute(now);
    let mut update = Expressions::default();
    let (minute, taken) = (update.name("minute"), update.name("taken"));
    let minute_now = update.value(number(present));
    let permits = update.value(number(permits));
    update.set(EXPIRES_AT, expiry(now + KEPT));
    let condition = match Passage::from(seen, present) {
        Passage::Stay => {
            update.set_to("taken", &format!("{taken} + {permits}"));
            let room = update.value(number(seen.room(limit, now)));
            format!("{minute} >= {minute_now} AND {taken} < {room}")
        }
        Passage::Next => {
            update.set_to("before", &taken);
            update.set_to("taken", &permits);
            update.set_to("minute", &minute_now);
            let before = update.value(number(present - 1));
            let most = update.value(number(RateWindow::most_before(limit, now)));
            format!("{minute} = {before} AND {taken} <= {most}")
        }
        Passage::Begin => {
            update.set("before", AttributeValue::N("0".to_owned()));
            update.set_to("taken", &permits);
            update.set_to("minute", &minute_now);
            let before = update.value(number(present - 1));
            format!("attribute_not_exists(PK) OR {minute} < {before}")
        }
    };
    (update, condition)
}
