//! The Lambda authorizer: whose API key is this?

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::{Caller, Timestamp};
use runtime::authorizer::AuthorizerFunction;
use runtime::{Clock, Context, StartError};
use signing::api_key::{self, ApiKeyHash};
use store::{Store, StoreError};

/// How long an answer of the table is believed. A key that is taken away still works for
/// that long on an instance that has seen it.
const BELIEVED: Duration = Duration::from_mins(5);
/// Most keys that an instance remembers; beyond it starts anew.
const REMEMBERED: usize = 10_000;

/// The function.
#[derive(Debug)]
pub struct Authorizer {
    store: Store,
    clock: Clock,
    known: Mutex<HashMap<ApiKeyHash, Known>>,
}

#[derive(Debug, Clone)]
struct Known {
    caller: Option<Caller>,
    until: Timestamp,
}

impl AuthorizerFunction for Authorizer {
    type Error = StoreError;

    fn new(context: &Context) -> Result<Self, StartError> {
        Ok(Self {
            store: Store::new(&context.aws, context.environment.required("TABLE_NAME")?),
            clock: context.clock.clone(),
            known: Mutex::default(),
        })
    }

    async fn identify(&self, key: &str) -> Result<Option<Caller>, StoreError> {
        let hash = api_key::hash(key);
        if let Some(known) = self.remembered(&hash) {
            return Ok(known.caller);
        }
        let caller = self.store.api_key(&hash).await?.map(Caller::from);
        self.remember(hash, caller.clone());
        Ok(caller)
    }
}

impl Authorizer {
    fn remembered(&self, hash: &ApiKeyHash) -> Option<Known> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(hash).filter(|known| self.clock.now() < known.until).cloned()
    }

    fn remember(&self, hash: ApiKeyHash, caller: Option<Caller>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        let until = self.clock.now() + BELIEVED;
        known.insert(hash, Known { caller, until });
    }
}
