//! Turns under a receiver's rate limit. Each delivery takes the next one that is free and
//! waits for it, so that whatever the queue's length, one write a delivery is enough and none
//! comes back in vain.

use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemOutput;
use aws_sdk_dynamodb::types::ReturnValue;
use domain::webhook::Receiver;
use domain::{OwnerId, Timestamp};
use serde::Deserialize;

use crate::item::{expiry, number, read};
use crate::keys::{self, Attributes};
use crate::{Store, StoreError};

/// How long turns are remembered after a pause: longer than any queue of them lasts.
const KEPT: Duration = Duration::from_hours(30 * 24);
/// How often to try when others take turns at the same moment.
const TRIES: usize = 5;

#[derive(Deserialize)]
struct Turns {
    turn: i64,
}

impl Store {
    /// Takes the next turn at `receiver`, of which there are `per_second`, and says when it is:
    /// at `now` or later.
    pub async fn take_turn(
        &self,
        owner: &OwnerId,
        receiver: &Receiver,
        per_second: u32,
        now: Timestamp,
    ) -> Result<Timestamp, StoreError> {
        let key = keys::turns(owner, receiver, per_second);
        let rate = i64::from(per_second.max(1));
        let present = now.as_millis().saturating_mul(rate).div_euclid(1000);
        for _ in 0..TRIES {
            let turn = match self.turn_after_others(&key, present).await? {
                Some(turn) => Some(turn),
                None => self.first_turn(&key, present, now).await?,
            };
            if let Some(turn) = turn {
                let at = turn.saturating_mul(1000).div_euclid(rate);
                return Ok(Timestamp::from_millis(at).max(now));
            }
        }
        Err(StoreError::call("take a turn")("others keep taking turns at the same moment"))
    }

    /// The turn after the last one given out, if that one is not over.
    async fn turn_after_others(
        &self,
        key: &Attributes,
        present: i64,
    ) -> Result<Option<i64>, StoreError> {
        let result = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key.clone()))
            .update_expression("SET turn = turn + :one")
            .condition_expression("turn >= :present")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":present", number(present))
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await;
        turn(result)
    }

    /// The present turn, if nobody has it.
    async fn first_turn(
        &self,
        key: &Attributes,
        present: i64,
        now: Timestamp,
    ) -> Result<Option<i64>, StoreError> {
        let result = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key.clone()))
            .update_expression("SET turn = :present, expires_at = :expiry")
            .condition_expression("attribute_not_exists(turn) OR turn < :present")
            .expression_attribute_values(":present", number(present))
            .expression_attribute_values(":expiry", expiry(now + KEPT))
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await;
        turn(result)
    }
}

fn turn(
    result: Result<
        UpdateItemOutput,
        SdkError<aws_sdk_dynamodb::operation::update_item::UpdateItemError>,
    >,
) -> Result<Option<i64>, StoreError> {
    match result.map_err(SdkError::into_service_error) {
        Ok(output) => Ok(Some(read::<Turns>(output.attributes.unwrap_or_default())?.turn)),
        Err(error) if error.is_conditional_check_failed_exception() => Ok(None),
        Err(error) => Err(StoreError::call("take a turn")(error)),
    }
}
