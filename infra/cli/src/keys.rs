//! Creates and revokes API keys.

use domain::access::ApiKeyRecord;
use domain::{OwnerId, Scope, Timestamp};
use signing::api_key::{self, ApiKeyHash};
use store::Store;

use crate::CliError;

/// Creates a key, stores its digest, and prints the key. The table is written first: a key that is
/// shown but not accepted would be worse than the reverse.
pub(crate) async fn create(
    store: &Store,
    owner: OwnerId,
    scopes: Vec<Scope>,
    created_at: Timestamp,
) -> Result<(), CliError> {
    let scopes = if scopes.is_empty() { Scope::ALL.to_vec() } else { scopes };
    let key = api_key::generate(runtime::random::bytes());
    let hash = api_key::hash(key.expose());
    let record = ApiKeyRecord { owner, scopes, created_at };
    store.put_api_key(&hash, &record).await?;
    println!("{}", key.expose());
    // On standard error, so that a script can read the key alone.
    eprintln!(
        "Store the key now: it is shown only once. To revoke it: hookreel keys revoke {hash}"
    );
    Ok(())
}

/// Deletes the key with this digest.
pub(crate) async fn revoke(store: &Store, sha256: &str) -> Result<(), CliError> {
    let hash: ApiKeyHash = sha256.parse()?;
    if !store.delete_api_key(&hash).await? {
        return Err(CliError::NoSuchKey);
    }
    eprintln!(
        "The key is revoked. Instances that have cached it accept it for up to five minutes."
    );
    Ok(())
}
