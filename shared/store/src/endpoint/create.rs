//! Webhook endpoints: creating, reading and deleting them.

use aws_sdk_dynamodb::types::ReturnValue;
use domain::endpoint::Endpoint;
use domain::{EndpointId, OwnerId};

use crate::item::{item, read, text};
use crate::keys;
use crate::{Created, Store, StoreError};

impl Store {
    /// Saves a new endpoint, unless one with its id is there.
    pub async fn create_endpoint(
        &self,
        endpoint: &Endpoint,
    ) -> Result<Created<Endpoint>, StoreError> {
        let key = keys::endpoint(&endpoint.owner, &endpoint.id);
        self.create("create an endpoint", item(key, "endpoint", endpoint)?).await
    }

    /// The owner's endpoint `id`.
    pub async fn endpoint(
        &self,
        owner: &OwnerId,
        id: &EndpointId,
    ) -> Result<Option<Endpoint>, StoreError> {
        self.get("read an endpoint", keys::endpoint(owner, id)).await?.map(read).transpose()
    }

    /// All of the owner's endpoints, the oldest first, as the last write left them: an endpoint
    /// gets every event saved after it.
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

    /// Deletes the owner's endpoint `id`; whether there was one.
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
