//! Keeping how webhooks out fared.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use domain::delivery::Delivery;
use domain::{MessageId, limits};

use crate::item::{expiry, item, number, read};
use crate::keys::{self, EXPIRES_AT};
use crate::{Store, StoreError};

/// What became of an attempt's record.
#[derive(Debug)]
pub enum Recorded {
    /// It is saved.
    Done,
    /// As many attempts or more had been recorded before; the delivery as it is.
    Overtaken(Box<Delivery>),
}

impl Store {
    /// The delivery `id`, if an attempt at it has been recorded.
    pub async fn delivery(&self, id: &MessageId) -> Result<Option<Delivery>, StoreError> {
        self.get("read a delivery", keys::delivery(id)).await?.map(read).transpose()
    }

    /// Saves `delivery`, whose last attempt is new, unless that attempt has been recorded.
    pub async fn record_attempt(&self, delivery: &Delivery) -> Result<Recorded, StoreError> {
        let mut item = item(keys::delivery(&delivery.id), "delivery", delivery)?;
        item.insert(EXPIRES_AT.to_owned(), expiry(delivery.created_at + limits::RETENTION));
        let earlier = delivery.attempt_count().saturating_sub(1);
        let result = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(PK) OR size(attempts) = :earlier")
            .expression_attribute_values(":earlier", number(earlier))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match result.map_err(aws_sdk_dynamodb::error::SdkError::into_service_error) {
            Ok(_) => Ok(Recorded::Done),
            Err(PutItemError::ConditionalCheckFailedException(failed)) if failed.item.is_some() => {
                Ok(Recorded::Overtaken(Box::new(read(failed.item.unwrap_or_default())?)))
            }
            Err(error) => Err(StoreError::call("record a delivery")(error)),
        }
    }
}
