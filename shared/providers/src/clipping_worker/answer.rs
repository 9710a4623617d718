//! What the clipping worker answers. Its webhooks have the same members.

use std::collections::HashSet;

use domain::job::{ErrorCode, FileRole, JobError, ProgressCount, Source, SourceFile};
use domain::{InvalidField, TaskId, limits};
use serde_json::{Map, Value, json};

use crate::body::{
    error_text, is_bare, missing, number, object, progress_percent, reason, required, task_id, text,
};
use crate::lenient;
use crate::state::State;
use crate::{Answer, AnswerError, Cancellation, Progress, Submission, TaskResult, TaskStatus};

/// Most characters of a step, a title or a summary that are kept.
const STEP_CHARACTERS: usize = 200;
const TITLE_CHARACTERS: usize = 300;
const SUMMARY_CHARACTERS: usize = 2000;
/// What the result of a job repeats of the output besides the title.
const FIGURES: [&str; 3] = ["processing_time_seconds", "source_duration_seconds", "total_clips"];

/// Reads the answer to a submission.
pub(super) fn submission(answer: &Answer<'_>) -> Result<Submission, AnswerError> {
    match answer.status.as_u16() {
        200..=299 => Ok(Submission::Accepted { task: accepted(&object(answer.body)?)? }),
        400 | 409 | 413 | 422 => {
            let reason = reason(answer.body);
            let message = format!("The clipping worker does not accept the request{reason}");
            Ok(Submission::Rejected(JobError::new(ErrorCode::ProviderRejected, message)))
        }
        _ => Ok(Submission::TryLater { status: answer.status, wait: None }),
    }
}

/// The task, under whichever name the answer gives it.
fn accepted(object: &Map<String, Value>) -> Result<TaskId, InvalidField> {
    let name = ["job_id", "id", "task_id"].into_iter().find(|name| object.contains_key(*name));
    task_id(object, name.unwrap_or("job_id"))
}

/// Reads the answer to a poll.
pub(super) fn task_status(answer: &Answer<'_>) -> Result<TaskStatus, AnswerError> {
    match answer.status.as_u16() {
        200..=299 if is_bare(answer) => Ok(TaskStatus::running(None)),
        200..=299 => {
            let object = object(answer.body)?;
            Ok(status(required(&object, "status")?, &object)?)
        }
        404 | 410 if !is_no_route(answer.body) => Ok(TaskStatus::Gone),
        _ => Err(AnswerError::Unavailable { status: answer.status }),
    }
}

/// Whether `body` is what the worker's framework (`FastAPI`) answers where it has no such route. That says
/// nothing of the task, which would otherwise be submitted, and paid, once more.
fn is_no_route(body: &[u8]) -> bool {
    lenient::parse(body) == Some(json!({ "detail": "Not Found" }))
}

/// Reads the answer to a cancel. A worker that has no such route refuses it.
pub(super) fn cancellation(answer: &Answer<'_>) -> Result<Cancellation, AnswerError> {
    match answer.status.as_u16() {
        200..=299 => {
            let object = object(answer.body).unwrap_or_default();
            Ok(required(&object, "status").map_or(State::Running, State::of).into())
        }
        409 => Ok(Cancellation::TooLate),
        410 => Ok(Cancellation::Gone),
        _ => Err(AnswerError::Unavailable { status: answer.status }),
    }
}

/// The status that `word` stands for, of the task that `object` describes.
pub(super) fn status(word: &str, object: &Map<String, Value>) -> Result<TaskStatus, InvalidField> {
    Ok(match State::of(word) {
        State::Queued => TaskStatus::Queued { position: None },
        State::Running => TaskStatus::Running(progress(object)),
        State::Succeeded => TaskStatus::Succeeded(result(object)?),
        State::Failed | State::TimedOut => {
            let reason = object.get("error").and_then(error_text);
            let reason = reason.unwrap_or_else(|| "The clipping worker failed.".to_owned());
            TaskStatus::Failed(JobError::new(ErrorCode::ProviderFailed, reason))
        }
        State::Cancelled => TaskStatus::Cancelled,
    })
}

fn progress(object: &Map<String, Value>) -> Progress {
    let whole = |name| object.get(name).and_then(whole_number);
    let step = text(object, "current_step").ok().flatten();
    let done = whole("clips_completed");
    Progress {
        percent: object.get("progress_percent").and_then(progress_percent),
        step: step.map(|step| cut(step, STEP_CHARACTERS)),
        count: done.map(|done| ProgressCount { done, total: whole("total_clips") }),
    }
}

/// What a finished task has made. An end without its output is no result: the output may follow.
fn result(object: &Map<String, Value>) -> Result<TaskResult, InvalidField> {
    let output = object.get("output").and_then(Value::as_object);
    let output = output.ok_or_else(|| missing("output"))?;
    let files = clips(output).into_iter().chain(documents(output)).collect();
    let mut result = Map::new();
    if let Ok(Some(title)) = text(output, "source_video_title") {
        result.insert("source_video_title".to_owned(), cut(title, TITLE_CHARACTERS).into());
    }
    for name in FIGURES {
        if let Some(figure) = output.get(name).filter(|value| number(value).is_some()) {
            result.insert(name.to_owned(), figure.clone());
        }
    }
    let source = Source { files, confirmation_url: None };
    Ok(TaskResult { source, result: Some(Value::Object(result)) })
}

/// The clips in their order. One that is announced by its number alone, or without an address, is among
/// them with an empty one, so that it is missed by name.
fn clips(output: &Map<String, Value>) -> Vec<SourceFile> {
    let listed = output.get("clips").and_then(Value::as_array).map(Vec::as_slice);
    let listed = listed.unwrap_or_default().iter().take(limits::CLIPS_KEPT);
    let mut names = HashSet::new();
    let mut clips: Vec<_> =
        listed.enumerate().map(|(place, value)| clip(place, value, &mut names)).collect();
    let announced = output.get("total_clips").and_then(whole_number).unwrap_or_default() as usize;
    let mut index = 0;
    while clips.len() < announced.min(limits::CLIPS_KEPT) {
        if names.insert(name(index)) {
            clips.push(SourceFile {
                name: Some(name(index)),
                index: Some(index),
                ..SourceFile::default()
            });
        }
        index += 1;
    }
    clips.sort_by_key(|clip| clip.index);
    clips
}

fn clip(place: usize, value: &Value, names: &mut HashSet<String>) -> SourceFile {
    let place = u32::try_from(place).unwrap_or_default();
    let index = whole_number(&value["clip_index"]).unwrap_or(place);
    let free = (index..=u32::MAX).take(names.len() + 1).find(|index| names.insert(name(*index)));
    let index = free.unwrap_or(index);
    let mut attributes = Map::new();
    if let Some(score) = number(&value["virality_score"]) {
        attributes.insert("virality_score".to_owned(), score.into());
    }
    if let Some(summary) = value["summary"].as_str().map(str::trim).filter(|text| !text.is_empty())
    {
        attributes.insert("summary".to_owned(), cut(summary, SUMMARY_CHARACTERS).into());
    }
    SourceFile {
        name: Some(name(index)),
        index: Some(index),
        duration_ms: number(&value["duration_ms"]).and_then(milliseconds),
        attributes,
        ..SourceFile::at(address(&value["s3_url"]))
    }
}

/// The name of the output that a clip becomes.
fn name(index: u32) -> String {
    format!("clip_{index:02}")
}

/// The files about the source, if the worker gives them.
fn documents(output: &Map<String, Value>) -> impl Iterator<Item = SourceFile> {
    let documents = [("transcript", "transcript_url"), ("plan", "plan_url")];
    documents.into_iter().filter_map(move |(name, field)| {
        let value = output.get(field).filter(|value| !value.is_null())?;
        let (role, name) = (FileRole::Document, Some(name.to_owned()));
        Some(SourceFile { role, name, ..SourceFile::at(address(value)) })
    })
}

/// Whether it may be followed is for `outbound` to say. One that is too long is none.
fn address(value: &Value) -> String {
    let text = value.as_str().map_or("", str::trim);
    if text.len() <= limits::SOURCE_URL_BYTES { text.to_owned() } else { String::new() }
}

fn whole_number(value: &Value) -> Option<u32> {
    milliseconds(number(value)?).and_then(|number| u32::try_from(number).ok())
}

/// `number` without its fraction, if it is one that can be counted to.
fn milliseconds(number: f64) -> Option<u64> {
    let is_count = number.is_finite() && (0.0..=1e12).contains(&number);
    is_count.then(|| format!("{:.0}", number.floor()).parse().ok()).flatten()
}

fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}
