//! The changes of a job that its owner cancels, or its provider.

use std::time::Duration;

use domain::job::ErrorCode;
use domain::{Attempt, Job, JobError, JobState, OwnerId, Timestamp};

use crate::Result;
use crate::item::time;
use crate::job::change::{Change, only};

/// When a provider refused a cancel, or had not carried it out in time.
pub(super) const CANCEL_UNCONFIRMED_AT: &str = "cancel_unconfirmed_at";

/// How long the answer to a submission may take at most.
const SUBMISSION: Duration = Duration::from_secs(15);

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
    /// project. It has failed too if its time was up, which the provider was given as its own.
    pub fn cancelled_at_provider(job: &Job, at: Timestamp) -> Result<Self> {
        if job.cancel_requested_at.is_some() {
            return Ok(Self::cancelled(job.attempt, at));
        }
        if is_overdue(job, at) {
            let error =
                JobError::new(ErrorCode::RunTimeout, "The provider did not finish in time.");
            return Self::failed_at_provider(job, &error, at);
        }
        if !job.kind().is_step() {
            return Ok(Self::cancelled(job.attempt, at));
        }
        let error = JobError::new(ErrorCode::ProviderFailed, "The provider ended the task.");
        Self::failed_at_provider(job, &error, at)
    }
}

/// Whether the time for which a provider may work on `job` is up, by the provider's clock: it began when
/// the task was created, which was answered and saved a little later.
fn is_overdue(job: &Job, at: Timestamp) -> bool {
    let run = job.deadlines().run;
    at.since(job.state_since) + SUBMISSION.min(run / 2) >= run
}
