//! The API key of the person who runs the embedded cloud.

use domain::access::ApiKeyRecord;
use domain::{OwnerId, Scope, Secret};
use runtime::Clock;
use signing::api_key;
use store::Store;

use crate::data_folder::DataFolder;
use crate::error::StartError;

/// The file in the data folder that holds the key.
const FILE: &str = "api-key";
/// The owner of the key.
const OWNER: &str = "local";

/// An accepted API key.
#[derive(Debug, Clone)]
pub struct FirstKey {
    pub key: Secret,
    /// Whether this start created or adopted it.
    pub is_new: bool,
}

/// Ensures that a key is accepted: `given`, which replaces the one kept in `folder`, else that, else a new one. The
/// table is written first: a key that is shown but not accepted would be worse than the reverse.
pub async fn ensure(
    given: Option<Secret>,
    folder: &DataFolder,
    store: &Store,
    clock: &Clock,
) -> Result<FirstKey, StartError> {
    let kept = folder.read(FILE)?.map(|text| Secret::new(text.trim()));
    if let Some(kept) = &kept
        && given.as_ref().is_none_or(|given| given == kept)
    {
        return Ok(FirstKey { key: kept.clone(), is_new: false });
    }
    let key = given.unwrap_or_else(|| api_key::generate(runtime::random::bytes()));
    let record = ApiKeyRecord {
        owner: OwnerId::new(OWNER),
        scopes: Scope::ALL.to_vec(),
        created_at: clock.now(),
    };
    store.put_api_key(&api_key::hash(key.expose()), &record).await?;
    // First: the next start takes the file's word that there is nothing left to replace.
    if let Some(former) = kept {
        store.delete_api_key(&api_key::hash(former.expose())).await?;
    }
    folder.write(FILE, key.expose())?;
    Ok(FirstKey { key, is_new: true })
}
