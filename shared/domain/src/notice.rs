//! The bodies of webhooks about anything but a job or a project.

use serde::Serialize;

use crate::EventType;
use crate::time::Rfc3339;

/// Type, time, and the resource that the event is about.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "{T}Notice"))]
pub struct NoticeBody<T> {
    /// The type of the event.
    #[serde(rename = "type")]
    pub event: EventType,
    /// When it happened.
    pub timestamp: Rfc3339,
    /// The resource.
    pub data: T,
}
