//! The bodies of webhooks about anything but a job or a project.

use serde::Serialize;

use crate::time::rfc3339;
use crate::{EventType, Timestamp};

/// Type, time, and the resource that the event is about.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "{T}Notice"))]
pub struct NoticeBody<T> {
    /// The type of the event.
    #[serde(rename = "type")]
    pub event: EventType,
    /// When it happened.
    #[serde(serialize_with = "rfc3339::serialize")]
    pub timestamp: Timestamp,
    /// The resource.
    pub data: T,
}
