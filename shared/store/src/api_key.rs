//! API keys, stored under their hash.

use aws_sdk_dynamodb::types::ReturnValue;
use domain::access::ApiKeyRecord;
use signing::api_key::ApiKeyHash;

use crate::item::{item, read};
use crate::keys;
use crate::{Result, Store, StoreError};

impl Store {
    /// The record of the key with this hash.
    pub async fn api_key(&self, hash: &ApiKeyHash) -> Result<Option<ApiKeyRecord>> {
        self.get("look up an API key", keys::api_key(hash.as_str())).await?.map(read).transpose()
    }

    /// Saves a key's record, or replaces it.
    pub async fn put_api_key(&self, hash: &ApiKeyHash, record: &ApiKeyRecord) -> Result<()> {
        let item = item(keys::api_key(hash.as_str()), "api_key", record)?;
        self.put("save an API key", item).await
    }

    /// Deletes the key with this hash, and returns whether it existed.
    pub async fn delete_api_key(&self, hash: &ApiKeyHash) -> Result<bool> {
        let output = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(keys::api_key(hash.as_str())))
            .return_values(ReturnValue::AllOld)
            .send()
            .await
            .map_err(StoreError::call("delete an API key"))?;
        Ok(output.attributes.is_some())
    }
}
