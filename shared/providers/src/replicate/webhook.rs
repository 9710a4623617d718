//! Replicate's webhooks: the task as it is, signed by Standard Webhooks. The job is named by the
//! callback URL alone.

use domain::{InvalidField, Secret};
use signing::{Unverified, standard_webhooks};

use super::answer::Task;
use crate::body::{required, task_id};
use crate::webhook::{WebhookKeys, by_token};
use crate::{Report, Sender, WebhookReport, WebhookRequest};

/// By the signature; the attempt by the token that the callback URL must carry besides.
pub(super) fn authenticate(
    request: &WebhookRequest<'_>,
    keys: &WebhookKeys,
) -> Result<Sender, Unverified> {
    let headers = standard_webhooks::Headers::find(request.header)?;
    let secrets: Vec<_> = keys.secret.expose().split_whitespace().map(Secret::new).collect();
    standard_webhooks::verify(&headers, &secrets, request.now, request.body)?;
    Ok(match by_token(request, keys) {
        Some((job_id, attempt)) => Sender::Attempt { job_id, attempt },
        None => Sender::Provider { attempt: None },
    })
}

/// Reads the task.
pub(super) fn report(body: &[u8]) -> Result<WebhookReport, InvalidField> {
    let task = Task::read(body)?;
    Ok(WebhookReport {
        job: None,
        attempt: None,
        task: Some(task_id(&task.members, "id")?),
        word: required(&task.members, "status")?.to_owned(),
        report: Report::Status(task.status()?),
    })
}
