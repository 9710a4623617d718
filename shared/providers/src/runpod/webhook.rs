//! RunPod's webhooks: a worker's callback, or RunPod's own report.
//!
//! RunPod signs nothing, so the callback URL carries a token made for one attempt of one job. A
//! worker that posts to a fixed URL signs its body with the shared secret instead.

use domain::{InvalidField, JobId};
use serde_json::{Map, Value};
use signing::Unverified;

use super::answer::{self, Task};
use crate::body::object;
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

/// Reads either body.
pub(super) fn report(body: &[u8]) -> Result<WebhookReport, InvalidField> {
    let object = object(body)?;
    let is_native = !object.contains_key("download_url")
        && object.contains_key("id")
        && object.contains_key("status");
    if is_native { native(&object) } else { announcement(&object) }
}

/// RunPod's own report names its task, and nothing proves it.
fn native(object: &Map<String, Value>) -> Result<WebhookReport, InvalidField> {
    let task = Task::read(object)?;
    Ok(WebhookReport {
        job: None,
        attempt: None,
        task: Some(task.id),
        word: String::new(),
        report: Report::Unconfirmed,
    })
}

/// A worker has a file and waits for it to be pulled.
fn announcement(object: &Map<String, Value>) -> Result<WebhookReport, InvalidField> {
    Ok(WebhookReport {
        job: Some(job_id(object)?),
        attempt: None,
        task: None,
        word: String::new(),
        report: Report::Status(TaskStatus::with_files(answer::announced(object)?)),
    })
}

fn job_id(object: &Map<String, Value>) -> Result<JobId, InvalidField> {
    match object.get("job_id") {
        Some(Value::String(text)) => text.parse(),
        Some(Value::Number(number)) => number.to_string().parse(),
        _ => Err(InvalidField::new("job_id", "is missing")),
    }
}
