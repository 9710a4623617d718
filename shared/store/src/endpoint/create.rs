//! Webhook endpoints: creating, reading and deleting them.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use domain::endpoint::Endpoint;
use domain::{EndpointId, OwnerId, Timestamp, limits};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::item::{expiry, item, read, text};
use crate::keys::{self, Attributes, EXPIRES_AT};
use crate::{Created, Result, Store, StoreError};

/// Of an endpoint, its id.
#[derive(Serialize, Deserialize)]
struct Named {
    id: EndpointId,
}

impl Store {
    /// Saves a new endpoint, unless one with its id is there.
    pub async fn create_endpoint(&self, endpoint: &Endpoint) -> Result<Created<Endpoint>> {
        let key = keys::endpoint(&endpoint.owner, &endpoint.id);
        self.create("create an endpoint", item(key, "endpoint", endpoint)?).await
    }

    /// The owner's endpoint `id`.
    pub async fn endpoint(&self, owner: &OwnerId, id: &EndpointId) -> Result<Option<Endpoint>> {
        self.get("read an endpoint", keys::endpoint(owner, id)).await?.map(read).transpose()
    }

    /// All of the owner's endpoints, the oldest first, as the last write left them: an endpoint
    /// gets every event saved after it.
    pub async fn endpoints(&self, owner: &OwnerId) -> Result<Vec<Endpoint>> {
        self.endpoint_items(owner, keys::ENDPOINT).await
    }

    /// The ids of all endpoints that the owner has or had as long as deliveries are stored.
    pub async fn endpoint_ids(&self, owner: &OwnerId) -> Result<Vec<EndpointId>> {
        let mut named: Vec<Named> = self.endpoint_items(owner, keys::ENDPOINT).await?;
        named.extend(self.endpoint_items(owner, keys::FORMER_ENDPOINT).await?);
        // One that was created again under its idempotency key is both.
        let ids: HashSet<_> = named.into_iter().map(|named| named.id).collect();
        Ok(ids.into_iter().collect())
    }

    async fn endpoint_items<T: DeserializeOwned>(
        &self,
        owner: &OwnerId,
        beginning: &str,
    ) -> Result<Vec<T>> {
        let query = self
            .client
            .query()
            .key_condition_expression("PK = :owner AND begins_with(SK, :endpoint)")
            .expression_attribute_values(":owner", text(keys::owner_partition(owner)))
            .expression_attribute_values(":endpoint", text(beginning))
            .consistent_read(true);
        self.query_all("read the endpoints", query).await?.into_iter().map(read).collect()
    }

    /// The endpoint `id` as it was when its owner deleted it, as long as the idempotency key of its
    /// creation is remembered.
    pub async fn deleted_endpoint(
        &self,
        owner: &OwnerId,
        id: &EndpointId,
    ) -> Result<Option<Endpoint>> {
        let key = keys::deleted_endpoint(owner, id);
        self.get("read a deleted endpoint", key).await?.map(read).transpose()
    }

    /// Deletes the owner's endpoint `id`; whether there was one. One that was created with an
    /// idempotency key is remembered, so that a late copy of that request does not create it again;
    /// of any, its id is, so that its deliveries can be erased.
    pub async fn delete_endpoint(
        &self,
        owner: &OwnerId,
        id: &EndpointId,
        at: Timestamp,
    ) -> Result<bool> {
        let operation = "delete an endpoint";
        let Some(endpoint) = self.endpoint(owner, id).await? else { return Ok(false) };
        let delete =
            Delete::builder().table_name(&self.table).set_key(Some(keys::endpoint(owner, id)));
        let delete = delete.build().map_err(StoreError::call(operation))?;
        let mut puts = vec![remembered(
            item(keys::former_endpoint(owner, id), "former_endpoint", &Named { id: id.clone() })?,
            at + limits::RETENTION,
        )];
        if endpoint.request_sha256.is_some() {
            puts.push(remembered(
                item(keys::deleted_endpoint(owner, id), "deleted_endpoint", &endpoint)?,
                endpoint.created_at + limits::IDEMPOTENCY_WINDOW,
            ));
        }
        let mut writes = vec![TransactWriteItem::builder().delete(delete).build()];
        for item in puts {
            let put = Put::builder().table_name(&self.table).set_item(Some(item));
            let put = put.build().map_err(StoreError::call(operation))?;
            writes.push(TransactWriteItem::builder().put(put).build());
        }
        let request = self.client.transact_write_items().set_transact_items(Some(writes));
        request.send().await.map_err(StoreError::call(operation))?;
        Ok(true)
    }
}

/// `item`, which is deleted after `until`.
fn remembered(mut item: Attributes, until: Timestamp) -> Attributes {
    item.insert(EXPIRES_AT.to_owned(), expiry(until));
    item
}
