//! What a job's transition from one image to the next means. Pure.

use std::time::Duration;

use domain::{Job, JobState, TaskId, Timestamp, limits, schedule};

/// Whether the job starts with this change: it is new, released, or restarted.
pub(crate) fn starts(old: Option<&Job>, new: &Job) -> bool {
    let Some(old) = old else { return new.state != JobState::Waiting };
    new.state == JobState::Queued && (old.state == JobState::Waiting || is_restarted(old, new))
}

/// Whether the owner has restarted the job. Only this, and a claim, starts a new attempt.
pub(crate) fn is_restarted(old: &Job, new: &Job) -> bool {
    new.attempt > old.attempt && matches!(new.state, JobState::Queued | JobState::Waiting)
}

/// The task of a superseded attempt that a provider still runs: the owner has restarted the job,
/// or the result of an earlier attempt was adopted.
pub(crate) fn abandoned_task(old: &Job, new: &Job) -> Option<TaskId> {
    let is_adopted =
        new.attempt > old.attempt && matches!(new.state, JobState::Storing | JobState::Completed);
    let task = old.provider_task.clone().filter(|_| old.state == JobState::Running);
    task.filter(|_| is_adopted || is_restarted(old, new))
}

/// How long before the next attempt: a growing backoff after an attempt that failed, or as long as the
/// provider asked for; else none.
pub(crate) fn dispatch_backoff(old: Option<&Job>, job: &Job) -> Duration {
    if job.attempt.0 == 0 || starts(old, job) {
        return Duration::ZERO;
    }
    let asked = job.not_before.map_or(Duration::ZERO, |time| time.since(job.state_since));
    schedule::work_wait(job.attempt.0).max(asked.min(limits::QUEUE_DELAY))
}

/// Whether this change calls for a poll: the owner has requested cancellation, or the provider
/// has reported an end without a signature.
pub(crate) fn calls_for_poll(old: &Job, new: &Job) -> bool {
    let newly = |old: Option<Timestamp>, new: Option<Timestamp>| new.is_some() && old != new;
    newly(old.cancel_requested_at, new.cancel_requested_at)
        || newly(old.reported_at, new.reported_at)
}

/// The job's progress in percent, if that is what has changed.
pub(crate) fn progress(old: Option<&Job>, new: &Job) -> Option<u8> {
    new.progress_percent.filter(|_| old.is_some_and(|old| old.progress_at != new.progress_at))
}
