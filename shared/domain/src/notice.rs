//! The bodies of webhooks that tell of something other than a job.

use serde::Serialize;

use crate::time::rfc3339;
use crate::{EventType, Timestamp};

/// Type, time, and the resource that the event is about.
#[derive(Debug, Serialize)]
pub struct NoticeBody<T> {
    /// What happened.
    #[serde(rename = "type")]
    pub event: EventType,
    /// When.
    #[serde(with = "rfc3339")]
    pub timestamp: Timestamp,
    /// To what.
    pub data: T,
}
