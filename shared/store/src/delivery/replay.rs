//! Having a webhook sent by a write: whatever comes to be `planned`, the stream passes on.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::delivery::{Delivery, DeliveryStatus};
use domain::{MessageId, OwnerId, Timestamp, limits};

use crate::expressions::Expressions;
use crate::item::{expiry, item, number, read, text, time};
use crate::keys::{self, EXPIRES_AT, OWNER_PK, OWNER_SK};
use crate::{Store, StoreError, listing};

/// What became of a wish to have a delivery sent again.
#[derive(Debug)]
pub enum Replayed {
    /// It will be sent; the delivery as it is now.
    Done(Box<Delivery>),
    /// It waits to be sent anyway.
    Waiting(Box<Delivery>),
    /// The owner has no such delivery.
    Unknown,
}

impl Store {
    /// Has a new delivery sent, unless it is there.
    pub async fn plan_delivery(&self, delivery: &Delivery) -> Result<(), StoreError> {
        let mut item = item(keys::delivery(&delivery.id), "delivery", delivery)?;
        let place = listing::place(delivery.created_at, &delivery.id);
        item.insert(OWNER_PK.to_owned(), keys::deliveries(&delivery.owner));
        item.insert(OWNER_SK.to_owned(), text(place));
        item.insert(EXPIRES_AT.to_owned(), expiry(delivery.created_at + limits::RETENTION));
        let result = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(PK)")
            .send()
            .await;
        match result.map_err(aws_sdk_dynamodb::error::SdkError::into_service_error) {
            Ok(_) | Err(PutItemError::ConditionalCheckFailedException(_)) => Ok(()),
            Err(error) => Err(StoreError::call("plan a delivery")(error)),
        }
    }

    /// Has the owner's delivery `id` sent again, under the same id, on a schedule that starts
    /// anew. With `once` only if no wish with that mark was the last one.
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
                let there = there.filter(|delivery| delivery.owner == *owner);
                Ok(there.map_or(Replayed::Unknown, |there| Replayed::Waiting(Box::new(there))))
            }
            Err(error) => Err(StoreError::call("replay a delivery")(error)),
        }
    }
}

fn replay(owner: &OwnerId, once: Option<&str>, at: Timestamp) -> (Expressions, String) {
    let mut update = Expressions::default();
    let planned = text(DeliveryStatus::Planned.as_str());
    update.set("status", planned.clone());
    update.set("replayed_at", time(at));
    update.set("next_attempt_at", time(at));
    let (replays, made) = (update.name("replays"), update.name("attempts_made"));
    let (zero, step) = (update.value(number(0)), update.value(number(1)));
    update.set_to("replays", &format!("if_not_exists({replays}, {zero}) + {step}"));
    update.set_to("attempts_before_replay", &made);
    update.remove("reason");
    let (owner_at, status) = (update.name("owner"), update.name("status"));
    let (owner, planned) = (update.value(text(owner.as_str())), update.value(planned));
    let mut condition = format!("{owner_at} = {owner} AND {status} <> {planned}");
    if let Some(mark) = once {
        update.set("replay_mark", text(mark));
        let (name, mark) = (update.name("replay_mark"), update.value(text(mark)));
        condition = format!("{condition} AND (attribute_not_exists({name}) OR {name} <> {mark})");
    }
    (update, condition)
}
