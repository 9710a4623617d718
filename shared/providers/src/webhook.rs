//! A provider's webhook: what proves its sender, what it reports, and what it is answered.

use domain::job::JobKind;
use domain::{Attempt, JobId, Secret, TaskId, Timestamp};
use signing::{TokenKey, Unverified};

use crate::TaskStatus;

/// A request to a provider's webhook.
#[derive(Clone, Copy)]
pub struct WebhookRequest<'a> {
    /// The value of a header, if it is there and text.
    pub header: &'a dyn Fn(&str) -> Option<&'a str>,
    /// The value of a query parameter, if it is there and not empty.
    pub query: &'a dyn Fn(&str) -> Option<&'a str>,
    /// The raw body.
    pub body: &'a [u8],
    /// When it was received.
    pub now: Timestamp,
}

/// What a webhook's sender proves itself by.
#[derive(Debug, Clone)]
pub struct WebhookKeys {
    /// The secret shared with the provider. An empty one verifies nothing.
    pub secret: Secret,
    /// Makes and verifies the tokens in callback URLs.
    pub tokens: TokenKey,
}

/// What the sender of a webhook has proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sender {
    /// It has the callback URL of this attempt. It may report on no other job.
    Attempt {
        /// The job.
        job_id: JobId,
        /// The attempt; whether it still counts is for the store to say.
        attempt: Attempt,
    },
    /// It has the provider's secret. It may report on any job of the provider.
    Provider {
        /// The job and attempt of the callback URL, if it was used.
        attempt: Option<(JobId, Attempt)>,
    },
}

/// What a webhook reports.
#[derive(Debug, Clone, PartialEq)]
pub struct WebhookReport {
    /// The job, if the body names it.
    pub job: Option<JobId>,
    /// The attempt, if the body names it.
    pub attempt: Option<Attempt>,
    /// The task, if the body names it.
    pub task: Option<TaskId>,
    /// The status in the provider's own word, which some answers repeat.
    pub word: String,
    /// What it says.
    pub report: Report,
}

/// What a webhook says of its task.
#[derive(Debug, Clone, PartialEq)]
pub enum Report {
    /// The task's status, which is believed.
    Status(TaskStatus),
    /// A change that only a poll can confirm, since nothing proves it.
    Unconfirmed,
}

impl WebhookReport {
    /// The status that it reports, if that is believed.
    pub const fn status(&self) -> Option<&TaskStatus> {
        match &self.report {
            Report::Status(status) => Some(status),
            Report::Unconfirmed => None,
        }
    }

    /// Whether it announces files or a result.
    pub const fn is_success(&self) -> bool {
        matches!(self.report, Report::Status(TaskStatus::Succeeded(_)))
    }
}

/// What is true once a webhook has been acted on; its answer says so. Every fact is committed.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The job.
    pub job_id: JobId,
    /// The status in the provider's own word.
    pub word: String,
    /// The job is as the webhook reports.
    pub updated: bool,
    /// The kind of the step that was released by it.
    pub released: Option<JobKind>,
    /// The end of the job's project is committed, and with that its owner's webhook.
    pub notified: bool,
    /// Where the job's first file is downloaded.
    pub download_url: String,
    /// Whether the webhook announced that file.
    pub has_file: bool,
}

/// The job and attempt whose token is in the callback URL.
pub(crate) fn by_token(
    request: &WebhookRequest<'_>,
    keys: &WebhookKeys,
) -> Option<(JobId, Attempt)> {
    let job_id: JobId = (request.query)("job")?.parse().ok()?;
    let attempt = keys.tokens.verify_callback_token(&job_id, (request.query)("token")?).ok()?;
    Some((job_id, attempt))
}

/// Verifies the signature that the scene services and other plain senders use: the hex
/// HMAC-SHA256 of the body in `X-Webhook-Signature`. After a rotation `secret` is two, the new one
/// and the previous one with a blank between them; either verifies.
pub(crate) fn verify_hex_hmac(
    request: &WebhookRequest<'_>,
    secret: &Secret,
) -> Result<Sender, Unverified> {
    let name = signing::hex_hmac::SIGNATURE_HEADER;
    let signature = (request.header)(name).ok_or(Unverified::MissingHeader(name))?;
    let verify = |secret: &Secret| signing::hex_hmac::verify(secret, request.body, signature);
    let mut parts = secret.expose().split_whitespace().map(Secret::new);
    match verify(secret) {
        Err(Unverified::NoMatch) if parts.any(|part| verify(&part).is_ok()) => Ok(()),
        verified => verified,
    }
    .map(|()| Sender::Provider { attempt: None })
}
