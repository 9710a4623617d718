//! What RunPod answers, and the same words in its own webhook.

use domain::JobError;
use domain::job::ErrorCode;
use serde_json::Value;

use super::output;
use crate::body::{error_text, is_task_id, progress_percent};
use crate::{AnswerError, Cancellation, ProviderNews, Submission};

/// RunPod's states of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunpodStatus {
    /// Waits for a worker.
    InQueue,
    /// With a worker; written `IN_PROGRESS` or `RUNNING`.
    InProgress,
    /// Ended with an output.
    Completed,
    /// Ended with an error.
    Failed,
    /// Ended on request.
    Cancelled,
    /// Ended because its time was up.
    TimedOut,
    /// A state that RunPod did not have when this was written.
    Unknown(String),
}

impl From<&str> for RunpodStatus {
    fn from(text: &str) -> Self {
        match text.to_ascii_uppercase().as_str() {
            "IN_QUEUE" => Self::InQueue,
            "IN_PROGRESS" | "RUNNING" => Self::InProgress,
            "COMPLETED" => Self::Completed,
            "FAILED" => Self::Failed,
            "CANCELLED" | "CANCELED" => Self::Cancelled,
            "TIMED_OUT" => Self::TimedOut,
            _ => Self::Unknown(text.to_owned()),
        }
    }
}

/// A task as RunPod tells of it, in the answers to `run`, `status` and `cancel` alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Its id, in characters that are safe in a URL's path.
    pub id: String,
    /// How it stands.
    pub status: RunpodStatus,
    /// What its worker has given out, null if nothing.
    pub output: Value,
    /// Why it failed, null if it did not.
    pub error: Value,
}

impl Task {
    /// Reads a task out of a body.
    pub fn parse(body: &[u8]) -> Result<Self, AnswerError> {
        Self::from_value(&serde_json::from_slice(body)?)
    }

    pub(super) fn from_value(body: &Value) -> Result<Self, AnswerError> {
        let text = |field| body.get(field).and_then(Value::as_str);
        let id = text("id").filter(|id| is_task_id(id));
        let id = id.ok_or(AnswerError::Field { field: "id" })?;
        let status = text("status").ok_or(AnswerError::Field { field: "status" })?;
        let part = |field| body.get(field).cloned().unwrap_or_default();
        Ok(Self {
            id: id.to_owned(),
            status: status.into(),
            output: part("output"),
            error: part("error"),
        })
    }

    /// What that means for the job.
    #[must_use]
    pub fn news(&self) -> ProviderNews {
        match &self.status {
            RunpodStatus::InQueue => ProviderNews::Queued,
            RunpodStatus::InProgress | RunpodStatus::Unknown(_) => self.running(),
            RunpodStatus::Completed => self.completed(),
            RunpodStatus::Failed => self.failed("The voice worker failed"),
            RunpodStatus::Cancelled => ProviderNews::Cancelled,
            RunpodStatus::TimedOut => ProviderNews::Failed(JobError::new(
                ErrorCode::RunTimeout,
                "The voice worker did not finish in time",
            )),
        }
    }

    /// Seed 000's worker waits, still running, for its file to be fetched; what it passed to
    /// RunPod as its progress says where the file is.
    fn running(&self) -> ProviderNews {
        match self.output.as_object().map(output::offered) {
            Some(Ok(source)) => ProviderNews::FileReady(source),
            _ => ProviderNews::StillRunning { progress_percent: progress_percent(&self.output) },
        }
    }

    fn completed(&self) -> ProviderNews {
        match output::finished(&self.output) {
            Some(source) => ProviderNews::FileReady(source),
            None => self.failed("The voice worker ended without a file"),
        }
    }

    fn failed(&self, what: &str) -> ProviderNews {
        let reason = error_text(&self.error)
            .or_else(|| error_text(self.output.get("error")?))
            .map_or_else(String::new, |reason| format!(": {reason}"));
        let message = format!("{what}{reason}");
        ProviderNews::Failed(JobError::new(ErrorCode::ProviderFailed, message))
    }
}

/// What the answer to `run` means. An unreadable answer with a status of success is an error:
/// the task may exist, only we do not know its name.
pub fn submission(status: u16, body: &[u8]) -> Result<Submission, AnswerError> {
    match status {
        200..=299 => Task::parse(body).map(|task| Submission::Accepted { task: task.id }),
        400 | 413 | 422 => {
            let answer = serde_json::from_slice(body).unwrap_or(Value::Null);
            let reason =
                error_text(&answer).map_or_else(String::new, |reason| format!(": {reason}"));
            let message = format!("The voice provider does not accept the request{reason}");
            Ok(Submission::Rejected(JobError::new(ErrorCode::ProviderRejected, message)))
        }
        _ => Ok(Submission::TryLater { status }),
    }
}

/// What the answer to `status` means.
pub fn news(status: u16, body: &[u8]) -> Result<ProviderNews, AnswerError> {
    match status {
        200..=299 => Task::parse(body).map(|task| task.news()),
        404 | 410 => Ok(ProviderNews::Gone),
        _ => Err(AnswerError::Unavailable { status }),
    }
}

/// What the answer to `cancel` means. It names the state alone, never the output, so it says
/// nothing of how a task ended that had ended before.
pub fn cancellation(status: u16, body: &[u8]) -> Result<Cancellation, AnswerError> {
    match status {
        200..=299 => Task::parse(body).map(|task| match task.status {
            RunpodStatus::Cancelled => Cancellation::Cancelled,
            RunpodStatus::InQueue | RunpodStatus::InProgress | RunpodStatus::Unknown(_) => {
                Cancellation::Requested
            }
            RunpodStatus::Completed | RunpodStatus::Failed | RunpodStatus::TimedOut => {
                Cancellation::TooLate
            }
        }),
        404 | 410 => Ok(Cancellation::Gone),
        _ => Err(AnswerError::Unavailable { status }),
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
