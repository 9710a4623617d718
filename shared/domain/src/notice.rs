//! The bodies of webhooks about anything but a job or a project.

use serde::Serialize;

use crate::time::rfc3339;
use crate::{EventType, Timestamp};

/// Type, time, and the resource that the event is about.
#[derive(Debug, Serialize)]
pub struct NoticeBody<T> {
    /// The type of the event.
    #[serde(rename = "type")]
    pub event: EventType,
    /// When it happened.
    #[serde(with = "rfc3339")]
    pub timestamp: Timestamp,
    /// The resource.
    pub data: T,
}
