//! What a clipping job shows besides what every job does.

use serde::Serialize;
use serde_json::Value;
use serde_with_macros::skip_serializing_none;

use crate::job::{MissingOutput, ProgressCount};
use crate::{Job, JobKind, JobState};

/// The members that a clipping job has besides. One without a value is absent.
#[skip_serializing_none]
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClippingResource {
    /// How many clips are done; once the job is completed, how many are stored.
    clips_completed: Option<u32>,
    /// How many clips there are, as far as is known.
    total_clips: Option<u32>,
    /// Whether it is completed without some of its files, which `missing` names.
    pub(crate) partial: bool,
    /// The files that it is completed without, each with the reason.
    missing: Vec<MissingOutput>,
    /// What it costs, by the rule of this service. Absent before it is completed.
    pub(crate) credits: Option<u64>,
    /// The title of the video that was cut.
    source_video_title: Option<String>,
    /// How long the worker took.
    processing_time_seconds: Option<f64>,
}

impl ClippingResource {
    /// Those of `job`, if it is a clipping job.
    pub(crate) fn of(job: &Job) -> Option<Self> {
        if job.kind() != JobKind::Clipping {
            return None;
        }
        let said = |name: &str| job.result.as_ref().map(|result| &result[name]);
        let is_completed = job.state == JobState::Completed;
        let (clips_completed, total_clips) = counts(job, is_completed);
        Some(Self {
            clips_completed,
            total_clips,
            partial: !job.missing.is_empty(),
            missing: job.missing.clone(),
            // One without clips is completed by its provider's report, and costs nothing.
            credits: is_completed.then(|| job.credits.unwrap_or_default()),
            source_video_title: said("source_video_title")
                .and_then(Value::as_str)
                .map(str::to_owned),
            processing_time_seconds: said("processing_time_seconds").and_then(Value::as_f64),
        })
    }

    /// The same figures as every kind of job shows them.
    pub(crate) fn progress_count(&self) -> Option<ProgressCount> {
        self.clips_completed.map(|done| ProgressCount { done, total: self.total_clips })
    }
}

/// How many clips are done, and how many there are.
fn counts(job: &Job, is_completed: bool) -> (Option<u32>, Option<u32>) {
    // Clips are numbered, and no other file of such a job is.
    let stored = job.outputs.iter().filter(|output| output.index.is_some()).count();
    let missing = job.missing.iter().filter(|output| output.index.is_some()).count();
    if is_completed && job.erased.is_none() {
        let count = |number: usize| u32::try_from(number).ok();
        return (count(stored), count(stored + missing));
    }
    // Of a job that has ended otherwise they would depend on which of its events came first.
    let count = job.progress_count.filter(|_| !job.state.is_terminal());
    (count.map(|count| count.done), count.and_then(|count| count.total))
}
