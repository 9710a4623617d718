//! The events that webhooks tell of.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{InvalidField, JobState};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EventType {
    /// A job's first attempt was begun.
    #[serde(rename = "job.started")]
    JobStarted,
    /// A provider has got further with a job.
    #[serde(rename = "job.progress")]
    JobProgress,
    /// A job's files are ready.
    #[serde(rename = "job.completed")]
    JobCompleted,
    /// A job ended without a result.
    #[serde(rename = "job.failed")]
    JobFailed,
    /// A job was ended by its owner.
    #[serde(rename = "job.cancelled")]
    JobCancelled,
    /// A project's film is ready.
    #[serde(rename = "project.completed")]
    ProjectCompleted,
    /// A step of a project failed, and it goes on no further.
    #[serde(rename = "project.failed")]
    ProjectFailed,
    /// An endpoint of the owner's is no longer used, and not because the owner said so.
    #[serde(rename = "endpoint.disabled")]
    EndpointDisabled,
    /// A webhook to another endpoint of the owner's was given up.
    #[serde(rename = "delivery.exhausted")]
    DeliveryExhausted,
    /// The owner wants to see whether an endpoint works.
    #[serde(rename = "endpoint.test")]
    EndpointTest,
}

impl EventType {
    /// Every event there is.
    pub const ALL: [Self; 10] = [
        Self::JobStarted,
        Self::JobProgress,
        Self::JobCompleted,
        Self::JobFailed,
        Self::JobCancelled,
        Self::ProjectCompleted,
        Self::ProjectFailed,
        Self::EndpointDisabled,
        Self::DeliveryExhausted,
        Self::EndpointTest,
    ];

    /// The end of a job that its coming to `state` is, if it is one.
    #[must_use]
    pub const fn of(state: JobState) -> Option<Self> {
        match state {
            JobState::Completed => Some(Self::JobCompleted),
            JobState::Failed => Some(Self::JobFailed),
            JobState::Cancelled => Some(Self::JobCancelled),
            JobState::Waiting
            | JobState::Queued
            | JobState::Dispatched
            | JobState::Running
            | JobState::Storing => None,
        }
    }

    /// Whether it is a job's last. Its body can be made again from the job at any time, since
    /// a job that has ended does not change; of other events the body is kept.
    #[must_use]
    pub const fn ends_job(self) -> bool {
        matches!(self, Self::JobCompleted | Self::JobFailed | Self::JobCancelled)
    }

    /// Whether the owner is told when a webhook with it is given up. Not where the next one
    /// says more, where the owner is watching anyway, and where telling could go round in a ring.
    #[must_use]
    pub const fn tells_of_exhaustion(self) -> bool {
        !matches!(self, Self::JobProgress | Self::EndpointTest | Self::DeliveryExhausted)
    }

    /// The event as bodies name it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::JobStarted => "job.started",
            Self::JobProgress => "job.progress",
            Self::JobCompleted => "job.completed",
            Self::JobFailed => "job.failed",
            Self::JobCancelled => "job.cancelled",
            Self::ProjectCompleted => "project.completed",
            Self::ProjectFailed => "project.failed",
            Self::EndpointDisabled => "endpoint.disabled",
            Self::DeliveryExhausted => "delivery.exhausted",
            Self::EndpointTest => "endpoint.test",
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for EventType {
    type Err = InvalidField;

    fn from_str(text: &str) -> Result<Self, InvalidField> {
        Self::ALL.into_iter().find(|event| event.as_str() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|event| event.as_str()).collect();
            InvalidField::new("events", format!("must be of {}", names.join(", ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_as_it_is_named() {
        for event in EventType::ALL {
            assert_eq!(serde_json::json!(event), event.as_str());
            assert_eq!(event.as_str().parse(), Ok(event));
        }
        assert!("job.exploded".parse::<EventType>().is_err());
    }
}
