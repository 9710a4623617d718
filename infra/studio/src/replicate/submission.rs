//! The body of a request for a prediction or training.

use std::time::Duration;

use axum::http::Uri;
use domain::InvalidField;
use serde_json::{Map, Value};
use url::Url;

use super::catalog::Version;
use crate::fields::Fields;
use crate::own_host;
use crate::task::PostKind;

/// A webhook's event types, and what is sent for them.
const EVENTS: [(&str, PostKind); 4] = [
    ("start", PostKind::Start),
    ("output", PostKind::Output),
    ("logs", PostKind::Logs),
    ("completed", PostKind::Ended),
];

/// What was requested.
#[derive(Debug, Clone)]
pub(crate) struct Submission {
    pub version: Version,
    /// The deployment, as `owner/name`.
    pub deployment: Option<String>,
    /// The model that a training pushes to; `None` for a prediction.
    pub destination: Option<String>,
    pub input: Map<String, Value>,
    pub receiver: Option<Receiver>,
    /// After this time since the creation a task is aborted or canceled.
    pub cancel_after: Option<Duration>,
}

/// The receiver of a task's webhooks.
#[derive(Debug, Clone)]
pub(crate) struct Receiver {
    pub url: String,
    pub events: Vec<PostKind>,
}

/// The `input` of a body, which must be an object with a textual prompt, if it has one.
pub(super) fn input(body: &Map<String, Value>) -> Result<Map<String, Value>, InvalidField> {
    let fields = Fields::of(body);
    let input = fields.get("input").ok_or_else(|| fields.wrong("input", "input is required"))?;
    let given = |value: &Value| match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let wrong = |name, expected, value| {
        let message = format!("Invalid type. Expected: {expected}, given: {}", given(value));
        InvalidField::new(name, message)
    };
    let members = input.as_object().ok_or_else(|| wrong("input", "object", input))?;
    match members.get("prompt") {
        Some(prompt) if !prompt.is_string() => Err(wrong("input.prompt", "string", prompt)),
        _ => Ok(members.clone()),
    }
}

/// The receiver in a body: `webhook` with its filter, or `webhook_completed` of older clients.
pub(super) fn receiver(body: &Map<String, Value>) -> Result<Option<Receiver>, InvalidField> {
    let fields = Fields::of(body);
    if let Some(url) = url(fields, "webhook")? {
        return Ok(Some(Receiver { url, events: events(fields)? }));
    }
    let events = vec![PostKind::Ended];
    Ok(url(fields, "webhook_completed")?.map(|url| Receiver { url, events }))
}

fn url(fields: Fields<'_>, name: &str) -> Result<Option<String>, InvalidField> {
    let Some(text) = fields.text(name)? else { return Ok(None) };
    match Url::parse(text) {
        Ok(url) if url.scheme() == "https" || is_local(text) => Ok(Some(text.to_owned())),
        _ => Err(fields.wrong(name, "Does not match format 'uri' of an HTTPS URL")),
    }
}

/// Whether `url` leads to this machine, where receivers may have no certificate.
fn is_local(url: &str) -> bool {
    let uri: Option<Uri> = url.parse().ok();
    let host = uri.as_ref().and_then(Uri::authority);
    url.starts_with("http://") && host.is_some_and(|host| own_host::is_own(host.as_str()))
}

/// The events to send: all, unless there is a filter.
fn events(fields: Fields<'_>) -> Result<Vec<PostKind>, InvalidField> {
    let name = "webhook_events_filter";
    let wrong = || fields.wrong(name, "must be a list of start, output, logs and completed");
    let Some(filter) = fields.get(name) else {
        return Ok(EVENTS.into_iter().map(|(_, kind)| kind).collect());
    };
    let kind = |event: &Value| {
        let known = EVENTS.into_iter().find(|(known, _)| event == known);
        known.map(|(_, kind)| kind).ok_or_else(wrong)
    };
    filter.as_array().ok_or_else(wrong)?.iter().map(kind).collect()
}
