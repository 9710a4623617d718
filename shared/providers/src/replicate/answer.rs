//! What Replicate answers. Its webhooks have the same body.

use std::time::Duration;

use domain::InvalidField;
use domain::job::{ErrorCode, JobError, ProgressCount};
use http::StatusCode;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::output;
use crate::body::{
    error_text, missing, number, object, raw_members, required, short_members, task_id,
};
use crate::lenient;
use crate::list::{ListedTask, TaskPage};
use crate::state::State;
use crate::{Answer, AnswerError, Cancellation, Progress, Submission, TaskStatus};

/// How long a body is whose long members are not read into memory: as a value, JSON takes up to
/// thirty times its length.
const LONG: usize = 512 * 1024;
/// Longest wait that an answer of "too many requests" is followed for.
const WAIT: Duration = Duration::from_mins(15);

/// Reads the answer to the creation of a prediction or a training.
pub(super) fn submission(answer: &Answer<'_>) -> Result<Submission, AnswerError> {
    let rejected = |code, message: &str| {
        let reason = problem(answer.body).map_or_else(String::new, |reason| format!(": {reason}"));
        Ok(Submission::Rejected(JobError::new(code, format!("{message}{reason}"))))
    };
    match answer.status.as_u16() {
        200..=299 => Ok(Submission::Accepted { task: task_id(&object(answer.body)?, "id")? }),
        402 => rejected(ErrorCode::NoCredit, "The account at the model's provider has no credit"),
        404 => rejected(ErrorCode::NoSuchModel, "The provider has no such model or destination"),
        400 | 413 | 422 => rejected(ErrorCode::InvalidInput, "The model does not accept the input"),
        _ => Ok(Submission::TryLater { status: answer.status, wait: wait(answer.body) }),
    }
}

/// What a problem says: the fields that are not valid, each with its reason; else its detail.
fn problem(body: &[u8]) -> Option<String> {
    let body = lenient::parse(body)?;
    let fields = body["invalid_fields"].as_array().map(Vec::as_slice).unwrap_or_default();
    let fields: Vec<_> = fields.iter().filter_map(invalid_field).collect();
    if !fields.is_empty() {
        return Some(fields.join("; "));
    }
    error_text(&body["detail"]).or_else(|| error_text(&body["title"])).or_else(|| error_text(&body))
}

fn invalid_field(field: &Value) -> Option<String> {
    let name = ["field", "name", "loc"].iter().find_map(|member| match &field[*member] {
        Value::String(name) => Some(name.clone()),
        Value::Array(path) => {
            let parts: Vec<_> = path.iter().map(|part| part.to_string().replace('"', "")).collect();
            Some(parts.join("."))
        }
        _ => None,
    });
    let reason = ["description", "message", "msg", "detail"]
        .iter()
        .find_map(|member| error_text(&field[*member]));
    match (name, reason) {
        (Some(name), Some(reason)) => Some(format!("{name} {reason}")),
        (None, reason) => reason.or_else(|| error_text(field)),
        (name, None) => name,
    }
}

/// How long a body asks us to wait: `retry_after`, or "… resets in ~30s" in its detail.
fn wait(body: &[u8]) -> Option<Duration> {
    let body = lenient::parse(body)?;
    let by_detail = || {
        let (_, rest) = body["detail"].as_str()?.split_once("resets in ")?;
        let digits: String =
            rest.chars().skip_while(|c| *c == '~').take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    let seconds = number(&body["retry_after"]).or_else(by_detail)?;
    let seconds = Duration::try_from_secs_f64(seconds).ok()?;
    Some(seconds.min(WAIT))
}

/// How long the answer to a poll asks us to wait.
pub(super) fn asked_wait(answer: &Answer<'_>) -> Option<Duration> {
    (answer.status == StatusCode::TOO_MANY_REQUESTS).then(|| wait(answer.body)).flatten()
}

/// Reads the answer to a poll.
pub(super) fn task_status(answer: &Answer<'_>) -> Result<TaskStatus, AnswerError> {
    match answer.status.as_u16() {
        200..=299 => Ok(Task::read(answer.body)?.status()?),
        404 | 410 => Ok(TaskStatus::Gone),
        _ => Err(AnswerError::Unavailable { status: answer.status }),
    }
}

/// A prediction or a training.
pub(super) struct Task<'a> {
    /// Its members.
    pub(super) members: Map<String, Value>,
    /// What it returned, if that is too long to be among them.
    long_output: Option<&'a RawValue>,
}

impl<'a> Task<'a> {
    /// Reads one from `body`. Of a long one, or one that is nested too deeply to be read as a whole, only
    /// what is short is read into memory.
    pub(super) fn read(body: &'a [u8]) -> Result<Self, InvalidField> {
        if body.len() <= LONG
            && let Ok(members) = object(body)
        {
            return Ok(Self { members, long_output: None });
        }
        let Some(raw) = raw_members(body) else {
            return Ok(Self { members: object(body)?, long_output: None });
        };
        let members = short_members(&raw);
        let is_read = members.get("output").is_none_or(|output| !output.is_null());
        let long_output =
            raw.get("output").copied().filter(|raw| !is_read && raw.get() != RawValue::NULL.get());
        Ok(Self { members, long_output })
    }

    /// What it says of itself.
    pub(super) fn status(&self) -> Result<TaskStatus, InvalidField> {
        match (task(&self.members)?, self.long_output) {
            (TaskStatus::Succeeded(_), Some(output)) => Ok(output::long_result(output.get())),
            (status, _) => Ok(status),
        }
    }
}

/// What the task in `body` returned, as JSON; `None` if it says nothing of that.
pub(super) fn returned(body: &[u8]) -> Option<Vec<u8>> {
    let output = match raw_members(body) {
        Some(raw) => raw.get("output")?.get().as_bytes().to_vec(),
        None => lenient::parse(body)?.get("output")?.to_string().into_bytes(),
    };
    Some(output).filter(|output| output != RawValue::NULL.get().as_bytes())
}

/// Reads a prediction or a training that is all in `task`.
fn task(task: &Map<String, Value>) -> Result<TaskStatus, InvalidField> {
    let text = |field| task.get(field).and_then(error_text);
    let word = required(task, "status")?;
    Ok(match State::of(word) {
        State::Queued => TaskStatus::Queued { position: None },
        State::Running => TaskStatus::Running(progress(task.get("logs"))),
        State::Succeeded if is_removed(task) => TaskStatus::Failed(JobError::new(
            ErrorCode::FileLost,
            "The model's output was deleted at its provider before it was read.",
        )),
        State::Succeeded => output::result(task.get("output").unwrap_or(&Value::Null)),
        State::Failed => {
            let reason = text("error").unwrap_or_else(|| "The model failed.".to_owned());
            TaskStatus::Failed(JobError::new(ErrorCode::ProviderFailed, reason))
        }
        State::TimedOut => TaskStatus::Failed(JobError::new(
            ErrorCode::RunTimeout,
            "The model did not finish in time.",
        )),
        State::Cancelled => TaskStatus::Cancelled,
    })
}

/// Whether the provider has deleted what the task returned.
fn is_removed(task: &Map<String, Value>) -> bool {
    let is_empty = task.get("output").is_none_or(Value::is_null);
    is_empty && task.get("data_removed").and_then(Value::as_bool) == Some(true)
}

/// The last progress bar in the logs, as `tqdm` draws it: ` 40%|████      | 4/10 [00:02<…]`.
fn progress(logs: Option<&Value>) -> Progress {
    let logs = logs.and_then(Value::as_str).unwrap_or_default();
    let mut lines = logs.rsplit(['\n', '\r']);
    lines.find_map(bar).unwrap_or_default()
}

fn bar(line: &str) -> Option<Progress> {
    let (before, rest) = line.split_once("%|")?;
    let percent = before.rsplit(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
    let counts = rest.split_once('|').map(|(_, counts)| counts.trim_start());
    let count = counts.and_then(|counts| {
        let (done, total) = counts.split_once('/')?;
        let digits = |text: &str| {
            let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
            text[..end].parse().ok()
        };
        Some(ProgressCount { done: digits(done)?, total: digits(total) })
    });
    Some(Progress {
        percent: Some(percent).filter(|percent: &u8| *percent <= 100),
        step: None,
        count,
    })
}

/// Reads the answer to a cancel: the task, unchanged if it had ended.
pub(super) fn cancellation(answer: &Answer<'_>) -> Result<Cancellation, AnswerError> {
    match answer.status.as_u16() {
        200..=299 => {
            let task = object(answer.body).unwrap_or_default();
            Ok(required(&task, "status").map_or(State::Running, State::of).into())
        }
        404 | 410 => Ok(Cancellation::Gone),
        _ => Err(AnswerError::Unavailable { status: answer.status }),
    }
}

/// Reads a page of the list. A task that cannot be read is left out.
pub(super) fn listed(answer: &Answer<'_>) -> Result<TaskPage, AnswerError> {
    if !answer.status.is_success() {
        return Err(AnswerError::Unavailable { status: answer.status });
    }
    let page = object(answer.body)?;
    let tasks = page.get("results").and_then(Value::as_array).ok_or_else(|| missing("results"))?;
    Ok(TaskPage {
        tasks: tasks.iter().filter_map(listed_task).collect(),
        next: page.get("next").and_then(Value::as_str).map(str::to_owned),
    })
}

fn listed_task(value: &Value) -> Option<ListedTask> {
    let object = value.as_object()?;
    let text = |field| object.get(field).and_then(Value::as_str);
    Some(ListedTask {
        id: task_id(object, "id").ok()?,
        status: task(object).ok()?,
        created_at: text("created_at").and_then(|time| time.parse().ok()),
        callback_url: text("webhook").map(str::to_owned),
        input: object.get("input").cloned().unwrap_or_default(),
    })
}
