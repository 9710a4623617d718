//! Permits under a receiver's rate limit. Each delivery takes the next one that is free and
//! waits for it, so that whatever the queue's length, one write a delivery is enough and none
//! comes back in vain. A permit is a number: the time in units of the limit.

use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValue;
use domain::webhook::Receiver;
use domain::{OwnerId, Timestamp};
use serde::Deserialize;

use crate::expressions::applied;
use crate::item::{expiry, number, read};
use crate::keys::{self, Attributes};
use crate::{Store, StoreError};

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
    ) -> Result<Timestamp, StoreError> {
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
    async fn permit_after_others(
        &self,
        key: &Attributes,
        present: i64,
    ) -> Result<Option<i64>, StoreError> {
        let update = self
            .change_permit(key)
            .update_expression("SET turn = turn + :one")
            .condition_expression("turn >= :present")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":present", number(present));
        permit(update).await
    }

    /// The present permit, if it is free.
    async fn first_permit(
        &self,
        key: &Attributes,
        present: i64,
        now: Timestamp,
    ) -> Result<Option<i64>, StoreError> {
        let update = self
            .change_permit(key)
            .update_expression("SET turn = :present, expires_at = :expiry")
            .condition_expression("attribute_not_exists(turn) OR turn < :present")
            .expression_attribute_values(":present", number(present))
            .expression_attribute_values(":expiry", expiry(now + KEPT));
        permit(update).await
    }

    fn change_permit(&self, key: &Attributes) -> UpdateItemFluentBuilder {
        let update = self.client.update_item().table_name(&self.table);
        update.set_key(Some(key.clone())).return_values(ReturnValue::UpdatedNew)
    }
}

async fn permit(update: UpdateItemFluentBuilder) -> Result<Option<i64>, StoreError> {
    let output = applied(OPERATION, update.send().await)?;
    let last = output.map(|output| read::<Last>(output.attributes.unwrap_or_default()));
    Ok(last.transpose()?.map(|last| last.turn))
}
