//! What RunPod answers. Its own webhook has the same body.

use domain::InvalidField;
use domain::TaskId;
use domain::job::{ErrorCode, JobError, Source, SourceFile};
use serde_json::{Map, Value};

use crate::body::{
    error_text, object, progress_percent, reason, required, task_id, text, url, url_text,
};
use crate::{Answer, AnswerError, Cancellation, Submission, TaskStatus};

/// Longest file name accepted, in bytes; most file systems have the same limit.
const FILENAME_BYTES: usize = 255;
/// Names under which a finished worker may put the URL of its file.
const URL_FIELDS: [&str; 5] = ["download_url", "audio_url", "output_url", "file_url", "url"];

/// RunPod's states of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RunpodStatus {
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
    /// A state that RunPod did not have when this was written; its task counts as running.
    Unknown,
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
            _ => Self::Unknown,
        }
    }
}

/// A task, in the answers to `run`, `status` and `cancel` alike.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Task {
    /// Its id.
    pub(super) id: TaskId,
    /// Its state.
    pub(super) status: RunpodStatus,
    /// What its worker has returned, null if nothing.
    output: Value,
    /// Why it failed, null if it did not.
    error: Value,
}

impl Task {
    fn parse(body: &[u8]) -> Result<Self, AnswerError> {
        Ok(Self::read(&object(body)?)?)
    }

    /// Reads a task out of a body.
    pub(super) fn read(body: &Map<String, Value>) -> Result<Self, InvalidField> {
        let part = |field| body.get(field).cloned().unwrap_or_default();
        Ok(Self {
            id: task_id(body, "id")?,
            status: required(body, "status")?.into(),
            output: part("output"),
            error: part("error"),
        })
    }

    fn task_status(&self) -> TaskStatus {
        match &self.status {
            RunpodStatus::InQueue => TaskStatus::Queued { position: None },
            RunpodStatus::InProgress | RunpodStatus::Unknown => self.running(),
            RunpodStatus::Completed => self.completed(),
            RunpodStatus::Failed => self.failed("The voice worker failed"),
            RunpodStatus::Cancelled => TaskStatus::Cancelled,
            RunpodStatus::TimedOut => TaskStatus::Failed(JobError::new(
                ErrorCode::RunTimeout,
                "The voice worker did not finish in time",
            )),
        }
    }

    /// A worker that calls back waits, still running, for its file to be pulled; the progress
    /// that it reports to RunPod says where the file is.
    fn running(&self) -> TaskStatus {
        match self.output.as_object().map(announced) {
            Some(Ok(source)) => TaskStatus::with_files(source),
            _ => TaskStatus::running(progress_percent(&self.output)),
        }
    }

    fn completed(&self) -> TaskStatus {
        match finished(&self.output) {
            Some(source) => TaskStatus::with_files(source),
            None => self.failed("The voice worker ended without a file"),
        }
    }

    fn failed(&self, what: &str) -> TaskStatus {
        let reason = error_text(&self.error)
            .or_else(|| error_text(self.output.get("error")?))
            .map_or_else(String::new, |reason| format!(": {reason}"));
        let message = format!("{what}{reason}");
        TaskStatus::Failed(JobError::new(ErrorCode::ProviderFailed, message))
    }
}

/// Reads the answer to `run`.
pub(super) fn submission(answer: &Answer<'_>) -> Result<Submission, AnswerError> {
    match answer.status.as_u16() {
        200..=299 => Task::parse(answer.body).map(|task| Submission::Accepted { task: task.id }),
        400 | 413 | 422 => {
            let reason = reason(answer.body);
            let message = format!("The voice provider does not accept the request{reason}");
            Ok(Submission::Rejected(JobError::new(ErrorCode::ProviderRejected, message)))
        }
        _ => Ok(Submission::TryLater { status: answer.status }),
    }
}

/// Reads the answer to `status`.
pub(super) fn task_status(answer: &Answer<'_>) -> Result<TaskStatus, AnswerError> {
    match answer.status.as_u16() {
        200..=299 => Task::parse(answer.body).map(|task| task.task_status()),
        404 | 410 => Ok(TaskStatus::Gone),
        _ => Err(AnswerError::Unavailable { status: answer.status }),
    }
}

/// Reads the answer to `cancel`. It names the state alone, never the output, so it says nothing
/// of how a task ended that had ended before.
pub(super) fn cancellation(answer: &Answer<'_>) -> Result<Cancellation, AnswerError> {
    match answer.status.as_u16() {
        200..=299 => Task::parse(answer.body).map(|task| match task.status {
            RunpodStatus::Cancelled => Cancellation::Cancelled,
            RunpodStatus::InQueue | RunpodStatus::InProgress | RunpodStatus::Unknown => {
                Cancellation::Requested
            }
            RunpodStatus::Completed | RunpodStatus::Failed | RunpodStatus::TimedOut => {
                Cancellation::TooLate
            }
        }),
        404 | 410 => Ok(Cancellation::Gone),
        _ => Err(AnswerError::Unavailable { status: answer.status }),
    }
}

/// The file as a worker that calls back announces it, which may be while its task still runs.
pub(super) fn announced(object: &Map<String, Value>) -> Result<Source, InvalidField> {
    source(object, "download_url")
}

/// The file in the output of a finished task: as a worker announces it, under another name, its
/// URL alone, or a list whose first file it is.
fn finished(output: &Value) -> Option<Source> {
    match output {
        Value::Object(object) => URL_FIELDS.iter().find_map(|field| source(object, field).ok()),
        Value::Array(list) => list.iter().find_map(finished),
        Value::String(url) => Some(Source::of(SourceFile::at(url_text(url)?))),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn source(object: &Map<String, Value>, url_field: &str) -> Result<Source, InvalidField> {
    let download_url =
        url(object, url_field)?.ok_or_else(|| InvalidField::new(url_field, "is missing"))?;
    let confirmation_url = url(object, "confirmation_url")?;
    let file = SourceFile { filename: filename(object)?, ..SourceFile::at(download_url) };
    Ok(Source { confirmation_url, ..Source::of(file) })
}

fn filename(object: &Map<String, Value>) -> Result<Option<String>, InvalidField> {
    match text(object, "filename")? {
        Some(name) if name.len() > FILENAME_BYTES => {
            Err(InvalidField::new("filename", format!("must be at most {FILENAME_BYTES} bytes")))
        }
        name => Ok(name.map(str::to_owned)),
    }
}
