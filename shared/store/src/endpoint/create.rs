//! Webhook endpoints: creating, reading and deleting them.

use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use domain::endpoint::Endpoint;
use domain::{EndpointId, OwnerId, limits};

use crate::item::{expiry, item, read, text};
use crate::keys::{self, EXPIRES_AT};
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

    /// The endpoint `id` as it was when its owner deleted it, as long as the idempotency key of its
    /// creation is remembered.
    pub async fn deleted_endpoint(
        &self,
        owner: &OwnerId,
        id: &EndpointId,
    ) -> Result<Option<Endpoint>, StoreError> {
        let key = keys::deleted_endpoint(owner, id);
        self.get("read a deleted endpoint", key).await?.map(read).transpose()
    }

    /// Deletes the owner's endpoint `id`; whether there was one. One that was created with an
    /// idempotency key is remembered, so that a late copy of that request does not create it again.
    pub async fn delete_endpoint(
        &self,
        owner: &OwnerId,
        id: &EndpointId,
    ) -> Result<bool, StoreError> {
        let operation = "delete an endpoint";
        let Some(endpoint) = self.endpoint(owner, id).await? else { return Ok(false) };
        let delete =
            Delete::builder().table_name(&self.table).set_key(Some(keys::endpoint(owner, id)));
        let delete = delete.build().map_err(StoreError::call(operation))?;
        let mut writes = vec![TransactWriteItem::builder().delete(delete).build()];
        if endpoint.request_sha256.is_some() {
            let key = keys::deleted_endpoint(owner, id);
            let mut remembered = item(key, "deleted_endpoint", &endpoint)?;
            let until = endpoint.created_at + limits::IDEMPOTENCY_WINDOW;
            remembered.insert(EXPIRES_AT.to_owned(), expiry(until));
            let put = Put::builder().table_name(&self.table).set_item(Some(remembered));
            let put = put.build().map_err(StoreError::call(operation))?;
            writes.push(TransactWriteItem::builder().put(put).build());
        }
        let request = self.client.transact_write_items().set_transact_items(Some(writes));
        request.send().await.map_err(StoreError::call(operation))?;
        Ok(true)
    }
}
