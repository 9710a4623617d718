//! The events that webhooks tell of.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::JobState;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EventType {
    /// A job's files are ready.
    #[serde(rename = "job.completed")]
    JobCompleted,
    /// A job ended without a result.
    #[serde(rename = "job.failed")]
    JobFailed,
    /// A job was ended by its owner.
    #[serde(rename = "job.cancelled")]
    JobCancelled,
}

impl EventType {
    /// The event that a job's coming to `state` is, if it is one.
    #[must_use]
    pub const fn of(state: JobState) -> Option<Self> {
        match state {
            JobState::Completed => Some(Self::JobCompleted),
            JobState::Failed => Some(Self::JobFailed),
            JobState::Cancelled => Some(Self::JobCancelled),
            JobState::Queued | JobState::Dispatched | JobState::Running | JobState::Storing => None,
        }
    }

    /// The event as bodies name it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::JobCompleted => "job.completed",
            Self::JobFailed => "job.failed",
            Self::JobCancelled => "job.cancelled",
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
