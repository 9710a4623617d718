//! API keys, kept by their digest.

use domain::access::ApiKeyRecord;
use signing::api_key::ApiKeyHash;

use crate::item::{item, read};
use crate::keys;
use crate::{Store, StoreError};

impl Store {
    /// What is kept of the key with this digest.
    pub async fn api_key(&self, hash: &ApiKeyHash) -> Result<Option<ApiKeyRecord>, StoreError> {
        self.get("look up an API key", keys::api_key(hash.as_str())).await?.map(read).transpose()
    }

    /// Keeps a key, or changes what it may do.
    pub async fn put_api_key(
        &self,
        hash: &ApiKeyHash,
        record: &ApiKeyRecord,
    ) -> Result<(), StoreError> {
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item(keys::api_key(hash.as_str()), "api_key", record)?))
            .send()
            .await
            .map_err(StoreError::call("keep an API key"))?;
        Ok(())
    }
}
