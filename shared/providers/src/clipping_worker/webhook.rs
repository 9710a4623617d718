//! The clipping worker's webhooks: `job.started`, `job.progress`, `job.completed` and `job.failed`.

use domain::{InvalidField, JobId, Secret};
use serde_json::{Map, Value};
use signing::{Unverified, bearer};

use super::answer;
use crate::body::{missing, object, required, task_id, text};
use crate::webhook::{WebhookKeys, by_token, verify_hex_hmac};
use crate::{Report, Sender, WebhookReport, WebhookRequest};

/// By the secret itself or a signature by it; the attempt by the token of the callback URL, if that was
/// used. `X-Webhook-Timestamp` is not covered by the signature, so it proves nothing.
pub(super) fn authenticate(
    request: &WebhookRequest<'_>,
    keys: &WebhookKeys,
) -> Result<Sender, Unverified> {
    if !presents(request, &keys.secret) {
        verify_hex_hmac(request, &keys.secret)?;
    }
    Ok(match by_token(request, keys) {
        Some((job_id, attempt)) => Sender::Attempt { job_id, attempt },
        None => Sender::Provider { attempt: None },
    })
}

/// Whether the request presents `secret`, or one of those that it consists of during a rotation.
fn presents(request: &WebhookRequest<'_>, secret: &Secret) -> bool {
    let presented = (request.header)("authorization").unwrap_or_default();
    let mut secrets = secret.expose().split_whitespace().map(Secret::new);
    secrets.any(|secret| bearer::verify(&secret, presented).is_ok())
}

/// Reads an event.
pub(super) fn report(body: &[u8]) -> Result<WebhookReport, InvalidField> {
    let object = object(body)?;
    let word = word(&object)?;
    Ok(WebhookReport {
        job: text(&object, "external_job_id")?.map(str::parse).transpose()?,
        attempt: None,
        task: Some(task_id(&object, "job_id")?),
        // An end without its output is polled once more, since that may follow.
        report: answer::status(word, &object).map_or(Report::Unconfirmed, Report::Status),
        word: word.to_owned(),
    })
}

/// The status. An end is named by the event, whatever the status beside it is.
fn word(object: &Map<String, Value>) -> Result<&str, InvalidField> {
    let event = text(object, "event")?.and_then(|event| event.strip_prefix("job."));
    match event {
        Some("completed" | "failed") => event.ok_or_else(|| missing("event")),
        _ => text(object, "status")?.or(event).ok_or_else(|| missing("status")),
    }
}

/// The job that a webhook's body names.
pub(super) fn named_job(body: &[u8]) -> Option<JobId> {
    required(&object(body).ok()?, "external_job_id").ok()?.parse().ok()
}
