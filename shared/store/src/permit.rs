//! Permits under a receiver's rate limit. Each delivery takes the next one that is free and waits
//! for it, so that one write a delivery is enough, however many wait. A permit is a number: the
//! time in units of the limit.

use std::time::Duration;

use domain::webhook::Receiver;
use domain::{OwnerId, Timestamp};
use serde::Deserialize;

use crate::expressions::Expressions;
use crate::item::{expiry, number, read};
use crate::keys::{self, Attributes, EXPIRES_AT};
use crate::{Result, Store, StoreError};

/// How long the last permit is remembered: longer than any queue of them lasts.
const KEPT: Duration = Duration::from_hours(30 * 24);
/// How often to try when others take permits at the same moment.
const TRIES: usize = 5;

const OPERATION: &str = "take a permit";

/// The last permit granted.
#[derive(Deserialize)]
struct Last {
    turn: i64,
}

impl Store {
    /// Takes the next permit at `receiver`, of which there are `per_second`; when it is due, at
    /// `now` or later.
    pub async fn take_permit(
        &self,
        owner: &OwnerId,
        receiver: &Receiver,
        per_second: u32,
        now: Timestamp,
    ) -> Result<Timestamp> {
        let key = keys::permits(owner, receiver, per_second);
        let rate = i64::from(per_second.max(1));
        let present = now.as_millis().saturating_mul(rate).div_euclid(1000);
        for _ in 0..TRIES {
            let permit = match self.permit_after_others(&key, present).await? {
                Some(permit) => Some(permit),
                None => self.first_permit(&key, present, now).await?,
            };
            if let Some(permit) = permit {
                let at = permit.saturating_mul(1000).div_euclid(rate);
                return Ok(Timestamp::from_millis(at).max(now));
            }
        }
        Err(StoreError::call(OPERATION)("others keep taking permits at the same moment"))
    }

    /// The permit after the last one granted, if that one is not over.
    async fn permit_after_others(&self, key: &Attributes, present: i64) -> Result<Option<i64>> {
        let mut update = Expressions::default();
        let (turn, one) = (update.name("turn"), update.value(number(1)));
        let condition = format!("{turn} >= {}", update.value(number(present)));
        update.set_to("turn", &format!("{turn} + {one}"));
        self.permit(key, update, condition).await
    }

    /// The present permit, if it is free.
    async fn first_permit(
        &self,
        key: &Attributes,
        present: i64,
        now: Timestamp,
    ) -> Result<Option<i64>> {
        let mut update = Expressions::default();
        let (turn, present) = (update.name("turn"), update.value(number(present)));
        update.set_to("turn", &present);
        update.set(EXPIRES_AT, expiry(now + KEPT));
        let condition = format!("attribute_not_exists({turn}) OR {turn} < {present}");
        self.permit(key, update, condition).await
    }

    async fn permit(
        &self,
        key: &Attributes,
        update: Expressions,
        condition: String,
    ) -> Result<Option<i64>> {
        let last = self.update(OPERATION, key.clone(), update, condition).await?.ok();
        Ok(last.map(read::<Last>).transpose()?.map(|last| last.turn))
    }
}
