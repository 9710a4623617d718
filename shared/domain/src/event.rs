//! The types of events that webhooks report.

use crate::{JobState, named};

named! {
    /// What happened.
    #[derive(PartialOrd, Ord, Hash)]
    #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
    pub enum EventType {
        /// A job's first attempt began.
        JobStarted = "job.started",
        /// A job has made progress at its provider.
        JobProgress = "job.progress",
        /// A job's files are ready.
        JobCompleted = "job.completed",
        /// A job ended without a result.
        JobFailed = "job.failed",
        /// A job was ended by its owner.
        JobCancelled = "job.cancelled",
        /// A project's film is ready.
        ProjectCompleted = "project.completed",
        /// A step of a project failed, and the project stops.
        ProjectFailed = "project.failed",
        /// A project was cancelled by its owner.
        ProjectCancelled = "project.cancelled",
        /// An endpoint was disabled, and not by its owner.
        EndpointDisabled = "endpoint.disabled",
        /// A webhook to another receiver of the owner's is exhausted.
        DeliveryExhausted = "delivery.exhausted",
        /// A test that the owner sends to an endpoint.
        EndpointTest = "endpoint.test",
    }
    else "events", format!("must be of {}", EventType::ALL.map(EventType::as_str).join(", "))
}

impl EventType {
    /// The event of a job's reaching `state`, if that is an end.
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
    pub const fn ends_job(self) -> bool {
        matches!(self, Self::JobCompleted | Self::JobFailed | Self::JobCancelled)
    }

    /// Whether it says that its owner has ended something. Its webhook is sent even if that is
    /// erased meanwhile.
    pub const fn is_cancellation(self) -> bool {
        matches!(self, Self::JobCancelled | Self::ProjectCancelled)
    }

    /// Whether a webhook of this type that is exhausted is itself an event. It is not for
    /// progress, whose next report says more; for a test, whose sender reads the result; and for
    /// an exhausted webhook, which could go on for ever.
    pub const fn reports_exhaustion(self) -> bool {
        !matches!(self, Self::JobProgress | Self::EndpointTest | Self::DeliveryExhausted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_and_read_by_its_name() {
        for event in EventType::ALL {
            assert_eq!(serde_json::json!(event), event.as_str());
            assert_eq!(event.as_str().parse(), Ok(event));
        }
        assert!("job.exploded".parse::<EventType>().is_err());
    }
}
