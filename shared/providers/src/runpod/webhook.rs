//! RunPod's webhooks: a worker's callback, or RunPod's own report.
//!
//! RunPod signs nothing, so the callback URL carries a token made for one attempt of one job. A
//! worker that posts to a fixed URL signs its body with the shared secret instead.

use domain::{InvalidField, JobId};
use serde_json::{Map, Value};
use signing::Unverified;

use super::answer::FILE_FIELD;
use crate::body::{object, task_id};
use crate::files;
use crate::webhook::{WebhookKeys, by_token, verify_hex_hmac};
use crate::{Report, Sender, TaskStatus, WebhookReport, WebhookRequest};

/// By the token if it is valid, else by the signature.
pub(super) fn authenticate(
    request: &WebhookRequest<'_>,
    keys: &WebhookKeys,
) -> Result<Sender, Unverified> {
    let token = (request.query)("token");
    if let Some((job_id, attempt)) = by_token(request, keys) {
        return Ok(Sender::Attempt { job_id, attempt });
    }
    verify_hex_hmac(request, &keys.secret).map_err(|unverified| match unverified {
        Unverified::MissingHeader(_) if token.is_some() => Unverified::NoMatch,
        other => other,
    })
}

/// Reads either body. A body without a worker's file that says anything of a task is RunPod's,
/// whose own development server sends no more than the output.
pub(super) fn report(body: &[u8]) -> Result<WebhookReport, InvalidField> {
    let object = object(body)?;
    let is_native = !object.contains_key(FILE_FIELD)
        && ["status", "output", "error"].iter().any(|field| object.contains_key(*field));
    if is_native { Ok(native(&object)) } else { announcement(&object) }
}

/// RunPod's own report names its task, and nothing proves it.
fn native(object: &Map<String, Value>) -> WebhookReport {
    WebhookReport {
        job: None,
        attempt: None,
        task: task_id(object, "id").ok(),
        word: String::new(),
        report: Report::Unconfirmed,
    }
}

/// A worker has a file and waits for it to be pulled.
fn announcement(object: &Map<String, Value>) -> Result<WebhookReport, InvalidField> {
    Ok(WebhookReport {
        job: Some(job_id(object)?),
        attempt: None,
        task: None,
        word: String::new(),
        report: Report::Status(TaskStatus::with_files(files::at(object, FILE_FIELD)?)),
    })
}

/// The job that a worker's body names.
pub(super) fn named_job(body: &[u8]) -> Option<JobId> {
    job_id(&object(body).ok()?).ok()
}

fn job_id(object: &Map<String, Value>) -> Result<JobId, InvalidField> {
    match object.get("job_id") {
        Some(Value::String(text)) => text.parse(),
        Some(Value::Number(number)) => number.to_string().parse(),
        _ => Err(InvalidField::new("job_id", "is missing")),
    }
}
