//! What the demo reads of answers and webhooks.

use domain::Timestamp;
use domain::time::rfc3339;
use serde::Deserialize;

/// The answer to a new job.
#[derive(Debug, Deserialize)]
pub(crate) struct Accepted {
    pub job_id: String,
}

/// A job that is under way.
#[derive(Debug, Deserialize)]
pub(crate) struct RunningJob {
    pub status: String,
    pub progress_percent: u64,
    pub current_step: String,
    pub error: Option<JobError>,
}

/// Why a job failed.
#[derive(Debug, Deserialize)]
pub(crate) struct JobError {
    pub message: String,
}

/// The parts of a webhook that every event has.
#[derive(Debug, Deserialize)]
pub(crate) struct Event {
    #[serde(rename = "type")]
    pub kind: String,
    pub job_id: String,
    pub error: Option<String>,
}

/// The answer to a new project.
#[derive(Debug, Deserialize)]
pub(crate) struct AcceptedProject {
    pub project_id: String,
}

/// A project that is under way.
#[derive(Debug, Deserialize)]
pub(crate) struct RunningProject {
    pub status: String,
    pub progress_percent: u64,
    pub steps_done: Vec<String>,
    pub error: Option<JobError>,
}

/// A webhook that tells of a project's end.
#[derive(Debug, Deserialize)]
pub(crate) struct ProjectEvent {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(with = "rfc3339")]
    pub timestamp: Timestamp,
    pub project_id: String,
    pub final_video_url: Option<String>,
    pub error: Option<String>,
}

impl ProjectEvent {
    /// The link to the film of the project `project_id`; the error says why there is none.
    pub fn film_of(&self, project_id: &str) -> Result<String, String> {
        if self.project_id != project_id {
            return Err(format!("its webhook tells of another project, {}", self.project_id));
        }
        let reason = || self.error.clone().unwrap_or_else(|| self.kind.clone());
        self.final_video_url.clone().ok_or_else(reason)
    }
}

/// A job that has files.
#[derive(Debug, Deserialize)]
pub(crate) struct JobWithFiles {
    pub outputs: Vec<Announced>,
}

/// A webhook that tells of a completed job.
#[derive(Debug, Deserialize)]
pub(crate) struct Completed {
    pub status: String,
    pub audio_url: String,
    pub data: CompletedJob,
}

/// A completed job.
#[derive(Debug, Deserialize)]
pub(crate) struct CompletedJob {
    #[serde(with = "rfc3339")]
    pub created_at: Timestamp,
    #[serde(with = "rfc3339")]
    pub started_at: Timestamp,
    #[serde(with = "rfc3339")]
    pub completed_at: Timestamp,
    pub outputs: Vec<Announced>,
}

/// A file as a webhook announces it.
#[derive(Debug, Deserialize)]
pub(crate) struct Announced {
    pub url: String,
    pub content_type: String,
    pub bytes: u64,
    pub sha256: String,
    /// Absent of what does not say so in its header.
    pub duration_ms: Option<u64>,
}
