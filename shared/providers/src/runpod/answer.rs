//! What RunPod answers. Its own webhook has the same body.

use domain::InvalidField;
use domain::job::{ErrorCode, JobError};
use serde_json::Value;

use crate::body::{error_text, is_bare, object, progress_percent, reason, required, task_id};
use crate::files;
use crate::state::State;
use crate::{Answer, AnswerError, Cancellation, Submission, TaskStatus};

/// The member in which a worker that calls back announces its file, which may be while its task
/// still runs.
pub(super) const FILE_FIELD: &str = "download_url";

/// What the validators say that workers use: RunPod's own, pydantic's and jsonschema's; and what
/// handlers say of a value that they do not have.
const INPUT_ERRORS: [&str; 11] = [
    "is a required input",
    "is not a valid input option",
    "does not meet the constraints",
    "should be <class",
    "validation error",
    "is a required property",
    "invalid input",
    "input is required",
    "unsupported language",
    "unsupported voice",
    "unsupported format",
];

/// The types of exceptions that say that a value is wrong.
const INPUT_EXCEPTIONS: [&str; 2] = ["ValidationError", "ValueError"];

/// A task, in the answers to `status` and `cancel` alike.
struct Task {
    state: State,
    /// What its worker has returned, null if nothing.
    output: Value,
    /// Why it failed, null if it did not.
    error: Value,
}

impl Task {
    fn parse(body: &[u8]) -> Result<Self, InvalidField> {
        let body = object(body)?;
        let part = |field| body.get(field).cloned().unwrap_or_default();
        let state = State::of(required(&body, "status")?);
        Ok(Self { state, output: part("output"), error: part("error") })
    }

    fn task_status(&self) -> TaskStatus {
        match self.state {
            State::Queued => TaskStatus::Queued { position: None },
            State::Running => self.running(),
            State::Succeeded => self.succeeded(),
            State::Failed => self.failed("The voice worker failed", None),
            State::Cancelled => TaskStatus::Cancelled,
            State::TimedOut => TaskStatus::Failed(JobError::new(
                ErrorCode::RunTimeout,
                "The voice worker did not finish in time",
            )),
        }
    }

    /// A worker that calls back waits, still running, for its file to be pulled; the progress
    /// that it reports to RunPod says where the file is.
    fn running(&self) -> TaskStatus {
        match self.output.as_object().map(|output| files::at(output, FILE_FIELD)) {
            Some(Ok(source)) => TaskStatus::with_files(source),
            _ => TaskStatus::running(progress_percent(&self.output)),
        }
    }

    fn succeeded(&self) -> TaskStatus {
        match files::find(&self.output) {
            Ok(source) => TaskStatus::with_files(source),
            Err(fault) => self.failed("The voice worker ended without a file", fault),
        }
    }

    /// It failed; a reason that the worker gives counts more than the `fault` of its output.
    fn failed(&self, what: &str, fault: Option<&str>) -> TaskStatus {
        let inside = |field| self.output.get(field);
        let mut errors =
            [Some(&self.error), inside("error"), inside("errors")].into_iter().flatten();
        let given = errors.find_map(|error| Some((error, error_text(error)?)));
        let is_of_input = given.as_ref().is_some_and(|(error, text)| is_of_input(error, text));
        let (code, what) = if is_of_input {
            (ErrorCode::InvalidInput, "The voice worker does not accept the input")
        } else {
            (ErrorCode::ProviderFailed, what)
        };
        let reason = given.map(|(_, text)| text);
        let reason = reason
            .or_else(|| fault.map(|fault| format!("its output {fault}")))
            .map_or_else(String::new, |reason| format!(": {reason}"));
        TaskStatus::Failed(JobError::new(code, format!("{what}{reason}")))
    }
}

/// Whether an `error`, which says `text`, is one of the job's input: the same input would fail again.
fn is_of_input(error: &Value, text: &str) -> bool {
    let nested: Option<Value> = error.as_str().and_then(|text| serde_json::from_str(text).ok());
    let exception = nested.as_ref().unwrap_or(error)["error_type"].as_str().unwrap_or_default();
    let text = text.to_lowercase();
    INPUT_EXCEPTIONS.iter().any(|name| exception.contains(name))
        || INPUT_ERRORS.iter().any(|words| text.contains(words))
}

/// Reads the answer to `run`.
pub(super) fn submission(answer: &Answer<'_>) -> Result<Submission, AnswerError> {
    match answer.status.as_u16() {
        200..=299 => Ok(Submission::Accepted { task: task_id(&object(answer.body)?, "id")? }),
        400 | 413 | 422 => {
            let reason = reason(answer.body);
            let message = format!("The voice provider does not accept the request{reason}");
            Ok(Submission::Rejected(JobError::new(ErrorCode::ProviderRejected, message)))
        }
        _ => Ok(Submission::TryLater { status: answer.status, wait: None }),
    }
}

/// Reads the answer to `status`.
pub(super) fn task_status(answer: &Answer<'_>) -> Result<TaskStatus, AnswerError> {
    match answer.status.as_u16() {
        200..=299 if is_bare(answer) => Ok(TaskStatus::running(None)),
        200..=299 => Ok(Task::parse(answer.body)?.task_status()),
        404 | 410 => Ok(TaskStatus::Gone),
        _ => Err(AnswerError::Unavailable { status: answer.status }),
    }
}

/// Reads the answer to `cancel`. It names the state alone, never the output, so it says nothing
/// of how a task ended that had ended before.
pub(super) fn cancellation(answer: &Answer<'_>) -> Result<Cancellation, AnswerError> {
    match answer.status.as_u16() {
        200..=299 => Ok(Task::parse(answer.body).map_or(State::Running, |task| task.state).into()),
        404 | 410 => Ok(Cancellation::Gone),
        _ => Err(AnswerError::Unavailable { status: answer.status }),
    }
}
