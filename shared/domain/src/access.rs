//! Who asks, and what they may do.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{InvalidField, Timestamp};

/// A tenant. Every job, key and secret belongs to one, and every query names one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OwnerId(String);

impl OwnerId {
    /// The owner of that name.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OwnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an API key allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// Read jobs and download their files.
    #[serde(rename = "jobs:read")]
    JobsRead,
    /// Create and cancel jobs.
    #[serde(rename = "jobs:write")]
    JobsWrite,
    /// Read the secret that signs webhooks, and manage where they go.
    #[serde(rename = "webhooks")]
    Webhooks,
}

impl Scope {
    /// Every scope there is.
    pub const ALL: [Self; 3] = [Self::JobsRead, Self::JobsWrite, Self::Webhooks];

    /// The scope as it is written in a key's record.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::JobsRead => "jobs:read",
            Self::JobsWrite => "jobs:write",
            Self::Webhooks => "webhooks",
        }
    }
}

impl FromStr for Scope {
    type Err = InvalidField;

    fn from_str(text: &str) -> Result<Self, InvalidField> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.as_str() == text)
            .ok_or_else(|| InvalidField::new("scopes", "must be jobs:read, jobs:write, webhooks"))
    }
}

/// The owner behind a request, and what the key used may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Whose data the request may touch.
    pub owner: OwnerId,
    /// What it may do there.
    pub scopes: Vec<Scope>,
}

impl Caller {
    /// Whether the key used allows `scope`.
    #[must_use]
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}

/// What is kept of an API key; the key itself is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeyRecord {
    /// Whose key it is.
    pub owner: OwnerId,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl From<ApiKeyRecord> for Caller {
    fn from(record: ApiKeyRecord) -> Self {
        Self { owner: record.owner, scopes: record.scopes }
    }
}
