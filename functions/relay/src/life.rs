//! What a change of a job means: which of its lives it belongs to, and what has been asked. Pure.

use std::time::Duration;

use domain::{Job, JobState, TaskId, Timestamp, schedule};

/// Whether the job begins with this change: it is new, released after a wait, or begun anew.
pub(crate) fn begins(old: Option<&Job>, new: &Job) -> bool {
    let Some(old) = old else { return new.state != JobState::Waiting };
    new.state == JobState::Queued && (old.state == JobState::Waiting || is_restarted(old, new))
}

/// Whether the owner has had the job begin anew. Only this, and a claim, begins a new attempt.
pub(crate) fn is_restarted(old: &Job, new: &Job) -> bool {
    new.attempt > old.attempt && matches!(new.state, JobState::Queued | JobState::Waiting)
}

/// The task that a provider runs for an attempt that no longer counts since the owner has had
/// the job begin anew.
pub(crate) fn abandoned_task(old: &Job, new: &Job) -> Option<TaskId> {
    let task = old.provider_task.clone().filter(|_| old.state == JobState::Running);
    task.filter(|_| is_restarted(old, new))
}

/// An attempt that follows another one starts after a growing wait, any other at once.
pub(crate) fn dispatch_wait(old: Option<&Job>, job: &Job) -> Duration {
    if job.attempt.0 == 0 || begins(old, job) {
        return Duration::ZERO;
    }
    schedule::work_wait(job.attempt.0)
}

/// Whether the owner has asked for an end, or the provider has spoken of one, in this change.
pub(crate) fn asks_to_look(old: &Job, new: &Job) -> bool {
    let newly = |old: Option<Timestamp>, new: Option<Timestamp>| new.is_some() && old != new;
    newly(old.cancel_requested_at, new.cancel_requested_at)
        || newly(old.reported_at, new.reported_at)
}

/// How far a running job is, if that is what has changed.
pub(crate) fn progress(old: Option<&Job>, new: &Job) -> Option<u8> {
    new.progress_percent.filter(|_| old.is_some_and(|old| old.progress_at != new.progress_at))
}
