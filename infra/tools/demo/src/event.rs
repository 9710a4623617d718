//! The members of answers and webhooks that the demo reads.

use domain::time::Rfc3339;
use serde::Deserialize;
use serde_json::{Map, Value};

/// The answer to a new job.
#[derive(Debug, Deserialize)]
pub(crate) struct Accepted {
    pub job_id: String,
}

/// A job in progress.
#[derive(Debug, Deserialize)]
pub(crate) struct RunningJob {
    pub status: String,
    pub progress_percent: u64,
    pub current_step: String,
    pub error: Option<JobError>,
}

/// The error of a job.
#[derive(Debug, Deserialize)]
pub(crate) struct JobError {
    pub message: String,
}

/// The members that every webhook has.
#[derive(Debug, Deserialize)]
pub(crate) struct Event {
    #[serde(rename = "type")]
    pub kind: String,
    pub job_id: String,
    pub error: Option<String>,
}

/// The answer to a new training.
#[derive(Debug, Deserialize)]
pub(crate) struct AcceptedTraining {
    pub job_id: String,
    pub model_id: String,
}

/// A model.
#[derive(Debug, Deserialize)]
pub(crate) struct Model {
    pub status: String,
    pub version: Option<String>,
}

/// The answer to a new project.
#[derive(Debug, Deserialize)]
pub(crate) struct AcceptedProject {
    pub project_id: String,
}

/// A project in progress.
#[derive(Debug, Deserialize)]
pub(crate) struct RunningProject {
    pub status: String,
    pub progress_percent: u64,
    pub steps_done: Vec<String>,
    pub error: Option<JobError>,
}

/// The webhook at a project's end.
#[derive(Debug, Deserialize)]
pub(crate) struct ProjectEvent {
    #[serde(rename = "type")]
    pub kind: String,
    pub timestamp: Rfc3339,
    pub project_id: String,
    pub final_video_url: Option<String>,
    pub error: Option<String>,
}

impl ProjectEvent {
    /// The link to the film of `project_id`; the error says why there is none.
    pub fn film_of(&self, project_id: &str) -> Result<String, String> {
        if self.project_id != project_id {
            return Err(format!("its webhook is for another project, {}", self.project_id));
        }
        let reason = || self.error.clone().unwrap_or_else(|| self.kind.clone());
        self.final_video_url.clone().ok_or_else(reason)
    }
}

/// A job with its outputs.
#[derive(Debug, Deserialize)]
pub(crate) struct JobWithFiles {
    pub outputs: Vec<Announced>,
}

/// The webhook of a completed job.
#[derive(Debug, Deserialize)]
pub(crate) struct Completed {
    pub status: String,
    pub audio_url: String,
    pub data: CompletedJob,
}

/// A completed job.
#[derive(Debug, Deserialize)]
pub(crate) struct CompletedJob {
    pub created_at: Rfc3339,
    pub started_at: Rfc3339,
    pub completed_at: Rfc3339,
    pub outputs: Vec<Announced>,
}

/// The webhook of a completed clipping job.
#[derive(Debug, Deserialize)]
pub(crate) struct Clipped {
    pub partial: bool,
    pub credits: u64,
    pub data: ClippedJob,
}

/// A completed clipping job.
#[derive(Debug, Deserialize)]
pub(crate) struct ClippedJob {
    pub completed_at: Rfc3339,
    pub outputs: Vec<Announced>,
    pub total_clips: usize,
    pub source_video_title: String,
}

/// An output, as a webhook announces it.
#[derive(Debug, Deserialize)]
pub(crate) struct Announced {
    pub name: String,
    /// Its place among the clips of a job.
    pub index: Option<u32>,
    pub url: String,
    pub content_type: String,
    pub bytes: u64,
    pub sha256: String,
    /// Absent if the file's header does not hold it.
    pub duration_ms: Option<u64>,
    /// What the provider says of it.
    #[serde(default)]
    pub attributes: Map<String, Value>,
}
