//! A webhook endpoint: a URL that an owner's events are sent to, and how.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_with_macros::skip_serializing_none;

use crate::idempotency::KeyedRequest;
use crate::secret_versions::SecretVersions;
use crate::{EndpointId, EventType, OwnerId, Timestamp, webhook};

/// An endpoint as it is stored. Its secret follows from its id, its salt and a version, so none is
/// kept.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// Whose it is.
    pub owner: OwnerId,
    /// Where events are sent.
    pub url: String,
    /// What its owner calls it.
    pub description: Option<String>,
    /// Which events it subscribes to; all of them if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EventType>,
    /// Whether it is enabled, and why not.
    pub status: EndpointStatus,
    /// Waits after failed attempts in seconds, instead of the usual schedule.
    pub retry_schedule_seconds: Option<Vec<u32>>,
    /// Most deliveries a second; further ones wait.
    pub rate_limit_per_second: Option<u32>,
    /// Headers to add, by name in lower case.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// How its deliveries are signed.
    pub signing: SigningScheme,
    /// Random, so that its secrets are no other's; endpoints of version 0.1 have none.
    pub salt: Option<String>,
    /// Which of its secrets are valid.
    pub secrets: SecretVersions,
    /// The request that made the present version of its secret.
    pub rotation: Option<RotationMark>,
    /// The requests that made earlier versions, as long as their keys are remembered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier_rotations: Vec<RotationMark>,
    /// SHA-256 of the body of the request, hex; kept when an idempotency key was given.
    pub request_sha256: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its owner last changed it.
    pub updated_at: Timestamp,
}

impl Endpoint {
    /// The request that created it.
    pub fn keyed(&self) -> KeyedRequest {
        KeyedRequest::kept(self.request_sha256.as_ref(), self.created_at)
    }

    /// What names the place that its URL leads to: what is down is down for all of an owner's
    /// endpoints there.
    pub fn destination(&self) -> String {
        webhook::destination(&self.url)
    }

    /// Whether it gets `event`.
    pub fn subscribes_to(&self, event: EventType) -> bool {
        self.status == EndpointStatus::Enabled
            && (self.events.is_empty() || self.events.contains(&event))
    }
}

/// Whether an endpoint is enabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum EndpointStatus {
    /// It is.
    Enabled,
    /// It is not.
    Disabled {
        /// Why.
        reason: DisabledReason,
        /// Since when.
        at: Timestamp,
    },
}

/// Why an endpoint is disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DisabledReason {
    /// Its owner disabled it.
    Owner,
    /// It answered 410 Gone.
    Gone,
    /// Its failure is permanent: it lasted for five days.
    Failing,
}

/// The request that made the present version of a secret, so that it takes effect once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RotationMark {
    /// Follows from its idempotency key, or is random if it had none.
    pub request: String,
    /// SHA-256 of its body, hex.
    pub body_sha256: String,
    /// When it was made.
    pub at: Timestamp,
}

impl RotationMark {
    /// The request as the idempotency check compares it.
    pub fn keyed(&self) -> KeyedRequest {
        KeyedRequest::kept(Some(&self.body_sha256), self.at)
    }
}

/// How deliveries are signed (Standard Webhooks).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SigningScheme {
    /// HMAC-SHA256 with a shared secret.
    #[default]
    V1,
    /// Ed25519, with a public key for the receiver.
    V1a,
}
