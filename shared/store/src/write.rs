//! Writes. Each is one call; where its condition fails, it answers with the item that
//! stood in its way, so a repeated request finds what the first one made without a read.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    CancellationReason, Put, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use serde::de::DeserializeOwned;

use crate::expressions::Expressions;
use crate::item::read;
use crate::keys::Attributes;
use crate::{Result, Store, StoreError};

const UNLESS_THERE: &str = "attribute_not_exists(PK)";
const ON_FAILURE: ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure::AllOld;

/// The outcome of creating something.
#[derive(Debug)]
pub enum Created<T> {
    /// It is saved.
    New,
    /// Its id is taken, by this.
    Exists(Box<T>),
}

impl<T: DeserializeOwned> Created<T> {
    fn from(existing: Option<Attributes>) -> Result<Self> {
        existing.map_or(Ok(Self::New), |item| Ok(Self::Exists(Box::new(read(item)?))))
    }
}

impl Store {
    /// Updates the item `key` if `condition` holds: the item with the update, or as it is if
    /// there is one.
    pub(crate) async fn update(
        &self,
        operation: &'static str,
        key: Attributes,
        update: Expressions,
        condition: String,
    ) -> Result<Result<Attributes, Option<Attributes>>> {
        let result = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .update_expression(update.update())
            .condition_expression(condition)
            .set_expression_attribute_names(Some(update.names))
            .set_expression_attribute_values(Some(update.values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ON_FAILURE)
            .send()
            .await;
        match result.map_err(SdkError::into_service_error) {
            Ok(output) => Ok(Ok(output.attributes.unwrap_or_default())),
            Err(UpdateItemError::ConditionalCheckFailedException(failed)) => Ok(Err(failed.item)),
            Err(error) => Err(StoreError::call(operation)(error)),
        }
    }

    /// Puts `item`, whatever is there.
    pub(crate) async fn put(&self, operation: &'static str, item: Attributes) -> Result<()> {
        let request = self.client.put_item().table_name(&self.table).set_item(Some(item));
        request.send().await.map(drop).map_err(StoreError::call(operation))
    }

    /// Deletes the item under `key`, if there is one.
    pub(crate) async fn delete(&self, operation: &'static str, key: Attributes) -> Result<()> {
        let request = self.client.delete_item().table_name(&self.table).set_key(Some(key));
        request.send().await.map(drop).map_err(StoreError::call(operation))
    }

    /// Puts `item`, unless one with its key exists.
    pub(crate) async fn create<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        item: Attributes,
    ) -> Result<Created<T>> {
        Created::from(self.put_if(operation, item, UNLESS_THERE, None).await?)
    }

    /// Puts `item` if `condition` holds; otherwise the item that is there.
    pub(crate) async fn put_if(
        &self,
        operation: &'static str,
        item: Attributes,
        condition: &str,
        values: Option<Attributes>,
    ) -> Result<Option<Attributes>> {
        let result = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression(condition)
            .set_expression_attribute_values(values)
            .return_values_on_condition_check_failure(ON_FAILURE)
            .send()
            .await;
        match result.map_err(SdkError::into_service_error) {
            Ok(_) => Ok(None),
            Err(PutItemError::ConditionalCheckFailedException(failed)) if failed.item.is_some() => {
                Ok(failed.item)
            }
            Err(error) => Err(StoreError::call(operation)(error)),
        }
    }

    /// Puts `item` and those that belong to it, unless one with its key exists. Their keys contain its
    /// id, so that its condition covers them.
    pub(crate) async fn create_all<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        item: Attributes,
        others: impl IntoIterator<Item = Attributes>,
    ) -> Result<Created<T>> {
        let created = self.create_with(operation, item, others, None).await?;
        created.map_err(|_| StoreError::call(operation)("a condition failed that was not made"))
    }

    /// The same, and makes `update` with it. If only its condition fails, the item that it is about.
    pub(crate) async fn create_with<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        item: Attributes,
        others: impl IntoIterator<Item = Attributes>,
        update: Option<TransactWriteItem>,
    ) -> Result<Result<Created<T>, Attributes>> {
        let put = |item| Put::builder().table_name(&self.table).set_item(Some(item));
        let first = put(item)
            .condition_expression(UNLESS_THERE)
            .return_values_on_condition_check_failure(ON_FAILURE);
        let mut request = self.client.transact_write_items();
        for put in std::iter::once(first).chain(others.into_iter().map(put)) {
            let put = put.build().map_err(StoreError::call(operation))?;
            request = request.transact_items(TransactWriteItem::builder().put(put).build());
        }
        if let Some(update) = update {
            request = request.transact_items(update);
        }
        let cancelled = match request.send().await.map_err(SdkError::into_service_error) {
            Ok(_) => return Ok(Ok(Created::New)),
            Err(TransactWriteItemsError::TransactionCanceledException(cancelled)) => cancelled,
            Err(error) => return Err(StoreError::call(operation)(error)),
        };
        let in_the_way = |reason: Option<&CancellationReason>| {
            reason.and_then(|reason| reason.item().cloned()).filter(|item| !item.is_empty())
        };
        let reasons = cancelled.cancellation_reasons();
        match (in_the_way(reasons.first()), in_the_way(reasons.last())) {
            (Some(existing), _) => Created::from(Some(existing)).map(Ok),
            (None, Some(updated)) => Ok(Err(updated)),
            (None, None) => Err(StoreError::call(operation)(cancelled)),
        }
    }
}
