//! Sending a webhook by a write: the stream passes on each delivery that becomes `planned`.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::delivery::{Delivery, DeliveryStatus};
use domain::{MessageId, OwnerId, Timestamp};

use super::record::new_item;
use crate::expressions::Expressions;
use crate::item::{number, read, text, time};
use crate::{Store, StoreError, keys};

/// The outcome of a request to send a delivery again.
#[derive(Debug)]
pub enum Replayed {
    /// It will be sent; the delivery as it is now.
    Done(Box<Delivery>),
    /// It is pending anyway.
    Pending(Box<Delivery>),
    /// The owner has no such delivery.
    Unknown,
}

impl Store {
    /// Saves a new delivery to be sent, unless it exists.
    pub async fn create_delivery(&self, delivery: &Delivery) -> Result<(), StoreError> {
        let result = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(new_item(delivery)?))
            .condition_expression("attribute_not_exists(PK)")
            .send()
            .await;
        match result.map_err(aws_sdk_dynamodb::error::SdkError::into_service_error) {
            Ok(_) | Err(PutItemError::ConditionalCheckFailedException(_)) => Ok(()),
            Err(error) => Err(StoreError::call("create a delivery")(error)),
        }
    }

    /// Sends the owner's delivery `id` again, under the same id, on a schedule that starts from
    /// its beginning. With `once` only if its last replay was not under that mark.
    pub async fn replay_delivery(
        &self,
        owner: &OwnerId,
        id: &MessageId,
        once: Option<&str>,
        at: Timestamp,
    ) -> Result<Replayed, StoreError> {
        let (update, condition) = replay(owner, once, at);
        let result = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(keys::delivery(id)))
            .update_expression(update.update())
            .condition_expression(condition)
            .set_expression_attribute_names(Some(update.names))
            .set_expression_attribute_values(Some(update.values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match result.map_err(aws_sdk_dynamodb::error::SdkError::into_service_error) {
            Ok(output) => Ok(Replayed::Done(read(output.attributes.unwrap_or_default())?)),
            Err(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                let there: Option<Delivery> = failed.item.map(read).transpose()?;
                let there = there.filter(|delivery| delivery.webhook.owner == *owner);
                Ok(there.map_or(Replayed::Unknown, |there| Replayed::Pending(Box::new(there))))
            }
            Err(error) => Err(StoreError::call("replay a delivery")(error)),
        }
    }
}

fn replay(owner: &OwnerId, once: Option<&str>, at: Timestamp) -> (Expressions, String) {
    let mut update = Expressions::default();
    let pending = text(DeliveryStatus::Pending.as_str());
    update.set("status", pending.clone());
    update.set("replayed_at", time(at));
    update.set("next_attempt_at", time(at));
    let (replays, made) = (update.name("replays"), update.name("attempts_made"));
    let (zero, step) = (update.value(number(0)), update.value(number(1)));
    update.set_to("replays", &format!("if_not_exists({replays}, {zero}) + {step}"));
    update.set_to("attempts_before_replay", &made);
    update.remove("reason");
    let (owner_at, status) = (update.name("owner"), update.name("status"));
    let (owner, pending) = (update.value(text(owner.as_str())), update.value(pending));
    let mut condition = format!("{owner_at} = {owner} AND {status} <> {pending}");
    if let Some(mark) = once {
        update.set("replay_mark", text(mark));
        let (name, mark) = (update.name("replay_mark"), update.value(text(mark)));
        condition = format!("{condition} AND (attribute_not_exists({name}) OR {name} <> {mark})");
    }
    (update, condition)
}
