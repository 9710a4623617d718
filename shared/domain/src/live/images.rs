//! What a job was at its past events, from its item alone. Pure.
//!
//! Only progress is kept in a list of its own. The other events of the present attempt follow from
//! the state that the job has reached: each of them is there once, in a fixed order, and the latest
//! has the job's sequence. Events of earlier attempts are not kept.

use crate::job::PastProgress;
use crate::{Attempt, Job, JobState, Timestamp};

/// A job as one of its events left it.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    /// The job, as far as events show it.
    pub job: Job,
    /// When the event happened, if that is kept.
    pub at: Option<Timestamp>,
}

impl Image {
    /// The image of the latest event of `job`; the job as it was created if it has had none.
    pub fn latest(job: &Job) -> Self {
        let past = of(job).pop();
        past.unwrap_or_else(|| Self { job: job.clone(), at: Some(job.state_since) })
    }

    fn with_state(job: &Job, state: JobState, at: Option<Timestamp>) -> Self {
        Self { job: Job { state, error: None, past_progress: Vec::new(), ..job.clone() }, at }
    }

    fn progress(job: &Job, past: &PastProgress) -> Self {
        let image = Self::with_state(job, JobState::Running, Some(past.at));
        let job = Job {
            progress_percent: Some(past.percent),
            progress_step: past.step.clone(),
            progress_count: past.count,
            progress_at: Some(past.at),
            past_progress: vec![past.clone()],
            ..image.job
        };
        Self { job, ..image }
    }
}

/// The events of `job` that can still be told, the oldest first. They have the sequences up to the
/// job's own without a gap.
pub fn of(job: &Job) -> Vec<Image> {
    let mut latest_first = end(job);
    if !matches!(job.state, JobState::Waiting | JobState::Queued) && job.erased.is_none() {
        latest_first.extend(job.past_progress.iter().rev().map(|past| Image::progress(job, past)));
        latest_first.extend(start(job));
    }
    let sequences = (1..=job.sequence).rev();
    let numbered = latest_first
        .into_iter()
        .zip(sequences)
        .map(|(image, sequence)| Image { job: Job { sequence, ..image.job }, ..image });
    let mut images: Vec<_> = numbered.collect();
    images.reverse();
    images
}

/// The events of `job` after the sequence `last`; `None` if not all of them are kept.
pub fn after(job: &Job, last: u32) -> Option<Vec<Image>> {
    let missed: Vec<_> = of(job).into_iter().filter(|image| image.job.sequence > last).collect();
    let all = job.sequence.saturating_sub(last);
    (u32::try_from(missed.len()) == Ok(all)).then_some(missed)
}

/// The events after those at the provider, the latest first.
fn end(job: &Job) -> Vec<Image> {
    let latest = Image { job: job.clone(), at: Some(job.completed_at.unwrap_or(job.state_since)) };
    match job.state {
        JobState::Dispatched | JobState::Uncertain | JobState::Running => Vec::new(),
        JobState::Completed | JobState::Failed if job.source.is_some() => {
            vec![latest, Image::with_state(job, JobState::Storing, None)]
        }
        JobState::Waiting
        | JobState::Queued
        | JobState::Storing
        | JobState::Completed
        | JobState::Failed
        | JobState::Cancelled => vec![latest],
    }
}

/// The event with which the present attempt began.
fn start(job: &Job) -> Option<Image> {
    let is_first = job.attempt == Attempt(1);
    let at = match job.state {
        JobState::Dispatched if job.past_progress.is_empty() => Some(job.state_since),
        _ => job.started_at.filter(|_| is_first),
    };
    // Of a job that has ended, only what has followed shows that it was not queued just before.
    let is_known = match job.state {
        JobState::Failed | JobState::Cancelled => {
            job.source.is_some()
                || !job.past_progress.is_empty()
                || job.provider_task.is_some()
                || job.claim.is_some()
        }
        _ => true,
    };
    is_known.then(|| {
        let image = Image::with_state(job, JobState::Dispatched, at);
        let job = Job {
            progress_percent: None,
            progress_step: None,
            progress_count: None,
            progress_at: None,
            ..image.job
        };
        Image { job, ..image }
    })
}

#[cfg(test)]
mod tests;
