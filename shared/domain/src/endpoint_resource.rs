//! An endpoint as clients see it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::endpoint::{DisabledReason, Endpoint, EndpointStatus, SigningScheme};
use crate::time::Rfc3339;
use crate::{EndpointId, EventType};

/// An endpoint. To its owner every member is always present.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Endpoint"))]
pub struct EndpointResource<'a> {
    id: &'a EndpointId,
    /// Where webhooks go.
    url: &'a str,
    description: Option<&'a str>,
    /// Which events it gets; all if empty.
    events: &'a [EventType],
    status: Status,
    /// Who or what disabled it.
    disabled_reason: Option<DisabledReason>,
    disabled_at: Option<Rfc3339>,
    /// The waits after failed attempts; null for the usual ones.
    retry_schedule_seconds: Option<&'a [u32]>,
    /// Further webhooks wait; null for no limit.
    rate_limit_per_second: Option<u32>,
    /// Added to each webhook; only its owner sees them.
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<&'a BTreeMap<String, String>>,
    signing: SigningScheme,
    created_at: Rfc3339,
    updated_at: Rfc3339,
}

/// Whether it gets webhooks.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "EndpointStatus"))]
#[serde(rename_all = "snake_case")]
enum Status {
    Enabled,
    Disabled,
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
            EndpointStatus::Enabled => (Status::Enabled, None, None),
            EndpointStatus::Disabled { reason, at } => {
                (Status::Disabled, Some(reason), Some(at.into()))
            }
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
            created_at: endpoint.created_at.into(),
            updated_at: endpoint.updated_at.into(),
        }
    }
}
