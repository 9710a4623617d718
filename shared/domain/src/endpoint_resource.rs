//! An endpoint as clients see it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::endpoint::{DisabledReason, Endpoint, EndpointStatus, SigningScheme};
use crate::time::rfc3339;
use crate::{EndpointId, EventType, Timestamp};

/// The endpoint resource. To its owner every member is always present; `retry_schedule_seconds`
/// and `rate_limit_per_second` are null where the usual schedule and no limit apply.
#[derive(Debug, Clone, Serialize)]
pub struct EndpointResource<'a> {
    id: &'a EndpointId,
    url: &'a str,
    description: Option<&'a str>,
    events: &'a [EventType],
    status: &'static str,
    disabled_reason: Option<DisabledReason>,
    #[serde(serialize_with = "rfc3339::option::serialize")]
    disabled_at: Option<Timestamp>,
    retry_schedule_seconds: Option<&'a [u32]>,
    rate_limit_per_second: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<&'a BTreeMap<String, String>>,
    signing: SigningScheme,
    #[serde(with = "rfc3339")]
    created_at: Timestamp,
    #[serde(with = "rfc3339")]
    updated_at: Timestamp,
}

impl EndpointResource<'_> {
    /// The endpoint as it is shown to another one: without its headers, which may be secret.
    #[must_use]
    pub fn for_others(self) -> Self {
        Self { headers: None, ..self }
    }
}

impl<'a> From<&'a Endpoint> for EndpointResource<'a> {
    fn from(endpoint: &'a Endpoint) -> Self {
        let (status, disabled_reason, disabled_at) = match endpoint.status {
            EndpointStatus::Enabled => ("enabled", None, None),
            EndpointStatus::Disabled { reason, at } => ("disabled", Some(reason), Some(at)),
        };
        Self {
            id: &endpoint.id,
            url: &endpoint.url,
            description: endpoint.description.as_deref(),
            events: &endpoint.events,
            status,
            disabled_reason,
            disabled_at,
            retry_schedule_seconds: endpoint.retry_schedule_seconds.as_deref(),
            rate_limit_per_second: endpoint.rate_limit_per_second,
            headers: Some(&endpoint.headers),
            signing: endpoint.signing,
            created_at: endpoint.created_at,
            updated_at: endpoint.updated_at,
        }
    }
}
