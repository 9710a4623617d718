//! What to do with a job that has not ended, by its state and the time. Pure.

use std::time::Duration;

use domain::job::{ErrorCode, OnUncertain};
use domain::{Job, JobError, JobState, TaskId, Timestamp, limits};

/// After how long a claim whose provider's answer was never saved counts as uncertain: the
/// function that made it cannot be running any more (`dispatch` ends after 60 s). What is
/// uncertain waits as long before it is retried or failed.
pub(crate) const CLAIM: Duration = Duration::from_mins(2);
/// After how long a message to `dispatch` or `ingest` counts as lost. No run of `ingest` can
/// last longer, so a large file is not pulled twice at once.
const MESSAGE: Duration = Duration::from_mins(15);

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Nothing; nothing is wrong.
    Wait,
    /// Send it to `dispatch` again: the message seems lost.
    DispatchAgain,
    /// Send it to `ingest` again: the message seems lost.
    PullAgain,
    /// Note that its provider may have accepted it, or not.
    Uncertain,
    /// Give its attempt up as lost.
    Lost,
    /// End it.
    Fail(JobError),
    /// End it: it is older than any job may become, so it has slipped through all other deadlines.
    Overdue(JobError),
    /// Cancel its task, as its owner requested.
    Cancel,
    /// End it as cancelled, though its provider has not confirmed it in time.
    CancelUnconfirmed,
    /// Ask its provider for the status of this task.
    Poll(TaskId),
}

/// What holds for a submission whose answer is lost.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Uncertainty {
    /// What to do about it.
    pub(crate) then: OnUncertain,
    /// After how long the task is certainly dead, if that is known.
    pub(crate) time_to_live: Option<Duration>,
}

/// Decides what to do with `job`, which has not ended, at `now`. The poll before was about
/// `interval` ago.
pub(crate) fn decide(
    job: &Job,
    now: Timestamp,
    interval: Duration,
    uncertainty: Uncertainty,
) -> Decision {
    let age = now.since(job.state_since);
    if now.since(job.created_at) >= limits::JOB_DEADLINE && job.state != JobState::Waiting {
        let message = "The job did not end in time.";
        return Decision::Overdue(JobError::new(ErrorCode::RunTimeout, message));
    }
    match job.state {
        JobState::Queued => queued(job, age, now, interval),
        JobState::Dispatched if age < CLAIM => Decision::Wait,
        JobState::Dispatched | JobState::Uncertain if job.cancel_requested_at.is_some() => {
            Decision::Cancel
        }
        JobState::Dispatched if uncertainty.then == OnUncertain::Retry => Decision::Lost,
        JobState::Dispatched => Decision::Uncertain,
        JobState::Uncertain => uncertain(job, age, uncertainty),
        JobState::Running => running(job, age),
        JobState::Storing if age >= limits::STORE_DEADLINE => Decision::Lost,
        JobState::Storing if message_is_lost(age, interval) => Decision::PullAgain,
        JobState::Waiting
        | JobState::Storing
        | JobState::Completed
        | JobState::Failed
        | JobState::Cancelled => Decision::Wait,
    }
}

/// A task whose fate is unknown is never submitted again before it is certainly dead, unless that
/// is wanted.
fn uncertain(job: &Job, age: Duration, uncertainty: Uncertainty) -> Decision {
    let Uncertainty { then, time_to_live } = uncertainty;
    let (deadline, end) = match (then, time_to_live) {
        (OnUncertain::Retry, _) => (CLAIM, Decision::Lost),
        (OnUncertain::Wait, Some(time_to_live)) => (time_to_live, Decision::Lost),
        (OnUncertain::Wait, None) => (job.deadlines().run, unanswered()),
        (OnUncertain::Fail, _) => (CLAIM, unanswered()),
    };
    if age >= deadline { end } else { Decision::Wait }
}

fn unanswered() -> Decision {
    let message = "The provider's answer to the submission was lost, and it never reported on it.";
    Decision::Fail(JobError::new(ErrorCode::SubmissionUncertain, message))
}

fn queued(job: &Job, age: Duration, now: Timestamp, interval: Duration) -> Decision {
    if job.cancel_requested_at.is_some() {
        return Decision::Cancel;
    }
    // An attempt that was lost has had its own time.
    let since = job.history.last().map_or(job.created_at, |past| past.at.max(job.created_at));
    if now.since(since) >= job.deadlines().start {
        let message = "No provider took the job in time.";
        return Decision::Fail(JobError::new(ErrorCode::StartTimeout, message));
    }
    if message_is_lost(age, interval) { Decision::DispatchAgain } else { Decision::Wait }
}

/// Whether this is the poll at which to send a message once more: one in every [`MESSAGE`], so
/// that jobs that wait in a long queue do not make it longer.
fn message_is_lost(age: Duration, interval: Duration) -> bool {
    age >= MESSAGE && age.as_millis() % MESSAGE.as_millis() < interval.as_millis()
}

fn running(job: &Job, age: Duration) -> Decision {
    let is_overdue = age >= job.deadlines().run;
    if job.cancel_requested_at.is_some() {
        return if is_overdue { Decision::CancelUnconfirmed } else { Decision::Cancel };
    }
    if is_overdue {
        let message = "The provider did not finish in time.";
        return Decision::Fail(JobError::new(ErrorCode::RunTimeout, message));
    }
    job.provider_task.clone().map_or(Decision::Lost, Decision::Poll)
}
