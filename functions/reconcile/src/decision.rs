//! What to do with a job that has not ended, by its state and the time. Pure.

use std::time::Duration;

use domain::job::ErrorCode;
use domain::{Job, JobError, JobState, TaskId, Timestamp, limits};

/// After how long a claim whose provider's answer was never saved counts as lost: the function
/// that made it cannot be running any more (`dispatch` ends after 60 s).
const CLAIM: Duration = Duration::from_mins(2);
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
    /// Give its attempt up as lost.
    Lost,
    /// End it.
    Fail(JobError),
    /// Cancel its task, as its owner requested.
    Cancel,
    /// Ask its provider for the status of this task.
    Poll(TaskId),
}

/// Decides what to do with `job`, which has not ended, at `now`. It is polled once in every
/// `interval`.
pub(crate) fn decide(job: &Job, now: Timestamp, interval: Duration) -> Decision {
    let age = now.since(job.state_since);
    match job.state {
        JobState::Queued => queued(job, age, now, interval),
        JobState::Dispatched if age < CLAIM => Decision::Wait,
        JobState::Dispatched if job.cancel_requested_at.is_some() => Decision::Cancel,
        JobState::Dispatched => Decision::Lost,
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

fn queued(job: &Job, age: Duration, now: Timestamp, interval: Duration) -> Decision {
    if now.since(job.created_at) >= limits::START_DEADLINE {
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
    if job.cancel_requested_at.is_some() {
        return Decision::Cancel;
    }
    if age >= limits::RUN_DEADLINE {
        let message = "The provider did not finish in time.";
        return Decision::Fail(JobError::new(ErrorCode::RunTimeout, message));
    }
    job.provider_task.clone().map_or(Decision::Lost, Decision::Poll)
}
