//! Owners, API keys and scopes.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::id::text_id;
use crate::named;

/// A tenant. Every job, key and secret belongs to one, and every query of a client names one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OwnerId(String);

text_id!(OwnerId);

impl OwnerId {
    /// The owner named `name`.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }
}

named! {
    /// What an API key allows.
    #[derive(Hash)]
    pub enum Scope {
        /// Read jobs and download their files.
        JobsRead = "jobs:read",
        /// Create and cancel jobs.
        JobsWrite = "jobs:write",
        /// Read the secret that signs webhooks, and manage endpoints and deliveries.
        Webhooks = "webhooks",
    }
    else "scopes", "must be jobs:read, jobs:write, webhooks"
}

/// The owner that a request's API key belongs to, and the key's scopes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The owner. A request reads and changes this owner's data only.
    pub owner: OwnerId,
    /// What the key allows.
    pub scopes: Vec<Scope>,
}

impl Caller {
    /// Whether the key allows `scope`.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}

/// What is stored of an API key; the key itself is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeyRecord {
    /// The owner.
    pub owner: OwnerId,
    /// What the key allows.
    pub scopes: Vec<Scope>,
    /// When the key was created.
    pub created_at: Timestamp,
}

impl From<ApiKeyRecord> for Caller {
    fn from(record: ApiKeyRecord) -> Self {
        Self { owner: record.owner, scopes: record.scopes }
    }
}
