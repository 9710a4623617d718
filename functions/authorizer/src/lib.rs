//! The Lambda authorizer: finds the owner and scopes of an API key, with a cache per instance.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::{Caller, Timestamp};
use runtime::authorizer::AuthorizerFunction;
use runtime::{Clock, Context, StartError};
use signing::api_key::{self, ApiKeyHash};
use store::{Store, StoreError};

/// How long a look-up is cached. A deleted key stays valid for that long on an instance that has
/// it in its cache.
const CACHE_TTL: Duration = Duration::from_mins(5);
/// Maximum number of cached keys. The cache is cleared when it is full.
const CACHE_CAPACITY: usize = 10_000;

/// The function.
#[derive(Debug)]
pub struct Authorizer {
    store: Store,
    clock: Clock,
    cache: Mutex<HashMap<ApiKeyHash, Cached>>,
}

#[derive(Debug, Clone)]
struct Cached {
    /// `None` for an unknown key.
    caller: Option<Caller>,
    expires_at: Timestamp,
}

impl AuthorizerFunction for Authorizer {
    type Error = StoreError;

    fn new(context: &Context) -> Result<Self, StartError> {
        Ok(Self {
            store: Store::new(&context.aws, context.environment.required("TABLE_NAME")?),
            clock: context.clock.clone(),
            cache: Mutex::default(),
        })
    }

    async fn identify(&self, key: &str) -> Result<Option<Caller>, StoreError> {
        let hash = api_key::hash(key);
        if let Some(cached) = self.cached(&hash) {
            return Ok(cached.caller);
        }
        let caller = self.store.api_key(&hash).await?.map(Caller::from);
        self.cache(hash, caller.clone());
        Ok(caller)
    }
}

impl Authorizer {
    fn cached(&self, hash: &ApiKeyHash) -> Option<Cached> {
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.get(hash).filter(|cached| self.clock.now() < cached.expires_at).cloned()
    }

    fn cache(&self, hash: ApiKeyHash, caller: Option<Caller>) {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= CACHE_CAPACITY {
            cache.clear();
        }
        let expires_at = self.clock.now() + CACHE_TTL;
        cache.insert(hash, Cached { caller, expires_at });
    }
}
