//! The changes of a job that its owner cancels, or its provider.

use domain::job::ErrorCode;
use domain::{Attempt, Job, JobError, JobState, OwnerId, Timestamp};

use crate::Result;
use crate::item::time;
use crate::job::change::{Change, only};

/// When a provider refused a cancel, or had not carried it out in time.
pub(super) const CANCEL_UNCONFIRMED_AT: &str = "cancel_unconfirmed_at";

impl Change {
    /// The owner cancels a job that no provider has accepted.
    pub fn cancelled_by(owner: &OwnerId, at: Timestamp) -> Self {
        let change = Self::to(JobState::Cancelled, at).by(owner);
        Self { from: &[JobState::Waiting, JobState::Queued], ..change }
    }

    /// The owner requests the cancel of a job that a provider may be working on.
    pub fn cancel_requested_by(owner: &OwnerId, at: Timestamp) -> Self {
        Self::mark("cancel_requested_at", at).by(owner)
    }

    /// The provider has refused to cancel the task of `job`, or not cancelled it in time.
    pub fn cancel_unconfirmed(job: &Job, at: Timestamp) -> Self {
        Self::from(only(job.state), vec![(CANCEL_UNCONFIRMED_AT, time(at))]).of(job.attempt)
    }

    /// The owner's cancel of `attempt` ends the job, though its provider has not confirmed it.
    pub fn cancelled_unconfirmed(attempt: Attempt, at: Timestamp) -> Self {
        let set_once = Some((CANCEL_UNCONFIRMED_AT, time(at)));
        Self { set_once, ..Self::cancelled(attempt, at) }
    }

    /// The provider has cancelled `attempt`, as the owner requested.
    pub fn cancelled(attempt: Attempt, at: Timestamp) -> Self {
        Self::to(JobState::Cancelled, at).of(attempt)
    }

    /// The provider reports that it has cancelled the present attempt of `job`. If no cancel was
    /// requested and a project waits for it, the job has failed: a step is cancelled with its
    /// project.
    pub fn cancelled_at_provider(job: &Job, at: Timestamp) -> Result<Self> {
        if !job.kind().is_step() || job.cancel_requested_at.is_some() {
            return Ok(Self::cancelled(job.attempt, at));
        }
        let error = JobError::new(ErrorCode::ProviderFailed, "The provider ended the task.");
        Self::failed_at_provider(job, &error, at)
    }
}
