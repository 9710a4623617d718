//! Webhook endpoints: making, reading and ending them.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::endpoint::Endpoint;
use domain::{EndpointId, OwnerId};

use crate::item::{item, read, text};
use crate::keys;
use crate::{Store, StoreError};

/// What became of a new endpoint.
#[derive(Debug)]
pub enum EndpointCreated {
    /// It is saved.
    New,
    /// Its id is taken, by this one.
    Exists(Box<Endpoint>),
}

impl Store {
    /// Saves a new endpoint, unless one with its id is there.
    pub async fn create_endpoint(
        &self,
        endpoint: &Endpoint,
    ) -> Result<EndpointCreated, StoreError> {
        let key = keys::endpoint(&endpoint.owner, &endpoint.id);
        let result = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item(key, "endpoint", endpoint)?))
            .condition_expression("attribute_not_exists(PK)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match result.map_err(aws_sdk_dynamodb::error::SdkError::into_service_error) {
            Ok(_) => Ok(EndpointCreated::New),
            Err(PutItemError::ConditionalCheckFailedException(failed)) if failed.item.is_some() => {
                let there = read(failed.item.unwrap_or_default())?;
                Ok(EndpointCreated::Exists(Box::new(there)))
            }
            Err(error) => Err(StoreError::call("create an endpoint")(error)),
        }
    }

    /// The owner's endpoint `id`.
    pub async fn endpoint(
        &self,
        owner: &OwnerId,
        id: &EndpointId,
    ) -> Result<Option<Endpoint>, StoreError> {
        self.get("read an endpoint", keys::endpoint(owner, id)).await?.map(read).transpose()
    }

    /// All of the owner's endpoints, the oldest first, as the last write left them: whoever has
    /// an endpoint is told of everything that is saved from then on.
    pub async fn endpoints(&self, owner: &OwnerId) -> Result<Vec<Endpoint>, StoreError> {
        let mut endpoints = Vec::new();
        let mut start = None;
        loop {
            let output = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("PK = :owner AND begins_with(SK, :endpoint)")
                .expression_attribute_values(":owner", keys::owner_partition(owner))
                .expression_attribute_values(":endpoint", text(keys::ENDPOINT))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(StoreError::call("read the endpoints"))?;
            for item in output.items.unwrap_or_default() {
                endpoints.push(read(item)?);
            }
            start = output.last_evaluated_key;
            if start.is_none() {
                return Ok(endpoints);
            }
        }
    }

    /// Forgets the owner's endpoint `id`; whether there was one.
    pub async fn delete_endpoint(
        &self,
        owner: &OwnerId,
        id: &EndpointId,
    ) -> Result<bool, StoreError> {
        let output = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(keys::endpoint(owner, id)))
            .return_values(ReturnValue::AllOld)
            .send()
            .await
            .map_err(StoreError::call("delete an endpoint"))?;
        Ok(output.attributes.is_some())
    }
}
