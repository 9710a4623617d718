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
    pub duration_ms: u64,
}
