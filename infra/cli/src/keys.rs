//! Making API keys and taking them away.

use domain::access::ApiKeyRecord;
use domain::{OwnerId, Scope, Timestamp};
use signing::api_key::{self, ApiKeyHash};
use store::Store;

use crate::CliError;

/// Makes a key, keeps its digest, and shows the key. The table comes first: a key that is
/// shown but not accepted would be worse than the reverse.
pub(crate) async fn create(
    store: &Store,
    owner: String,
    scopes: Vec<Scope>,
    created_at: Timestamp,
) -> Result<(), CliError> {
    let scopes = if scopes.is_empty() { Scope::ALL.to_vec() } else { scopes };
    let key = api_key::generate(runtime::random::bytes());
    let hash = api_key::hash(key.expose());
    let record = ApiKeyRecord { owner: OwnerId::new(owner), scopes, created_at };
    store.put_api_key(&hash, &record).await?;
    println!("{}", key.expose());
    // Apart from the key, so that a script can take the key alone.
    eprintln!("Keep it: it is shown only now. To take it away: hookreel keys revoke {hash}");
    Ok(())
}

/// Forgets the key with this digest.
pub(crate) async fn revoke(store: &Store, sha256: &str) -> Result<(), CliError> {
    let hash: ApiKeyHash = sha256.parse()?;
    if !store.delete_api_key(&hash).await? {
        return Err(CliError::NoSuchKey);
    }
    eprintln!("The key is taken away; instances that have seen it forget it within five minutes.");
    Ok(())
}
