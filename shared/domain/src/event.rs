//! The types of events that webhooks report.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{InvalidField, JobState};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum EventType {
    /// A job's first attempt began.
    #[serde(rename = "job.started")]
    JobStarted,
    /// A job has made progress at its provider.
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
    /// A step of a project failed, and the project stops.
    #[serde(rename = "project.failed")]
    ProjectFailed,
    /// A project was cancelled by its owner.
    #[serde(rename = "project.cancelled")]
    ProjectCancelled,
    /// An endpoint was disabled, and not by its owner.
    #[serde(rename = "endpoint.disabled")]
    EndpointDisabled,
    /// A webhook to another receiver of the owner's is exhausted.
    #[serde(rename = "delivery.exhausted")]
    DeliveryExhausted,
    /// A test that the owner sends to an endpoint.
    #[serde(rename = "endpoint.test")]
    EndpointTest,
}

impl EventType {
    /// Every event there is.
    pub const ALL: [Self; 11] = [
        Self::JobStarted,
        Self::JobProgress,
        Self::JobCompleted,
        Self::JobFailed,
        Self::JobCancelled,
        Self::ProjectCompleted,
        Self::ProjectFailed,
        Self::ProjectCancelled,
        Self::EndpointDisabled,
        Self::DeliveryExhausted,
        Self::EndpointTest,
    ];

    /// The event of a job's reaching `state`, if that is an end.
    #[must_use]
    pub const fn of(state: JobState) -> Option<Self> {
        match state {
            JobState::Completed => Some(Self::JobCompleted),
            JobState::Failed => Some(Self::JobFailed),
            JobState::Cancelled => Some(Self::JobCancelled),
            JobState::Waiting
            | JobState::Queued
            | JobState::Dispatched
            | JobState::Uncertain
            | JobState::Running
            | JobState::Storing => None,
        }
    }

    /// Whether it is the end of a job, after which the job does not change any more.
    #[must_use]
    pub const fn ends_job(self) -> bool {
        matches!(self, Self::JobCompleted | Self::JobFailed | Self::JobCancelled)
    }

    /// Whether it says that its owner has ended something. Its webhook is sent even if that is
    /// erased meanwhile.
    #[must_use]
    pub const fn is_cancellation(self) -> bool {
        matches!(self, Self::JobCancelled | Self::ProjectCancelled)
    }

    /// Whether a webhook of this type that is exhausted is itself an event. It is not for
    /// progress, whose next report says more; for a test, whose sender reads the result; and for
    /// an exhausted webhook, which could go on for ever.
    #[must_use]
    pub const fn reports_exhaustion(self) -> bool {
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
            Self::ProjectCancelled => "project.cancelled",
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
