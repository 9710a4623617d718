//! RunPod serverless, with a text-to-speech worker that calls back by itself.

mod answer;
mod request;
mod webhook;

use std::time::Duration;

use domain::job::Deadlines;
use domain::{InvalidField, JobId, JobKind, TaskId, limits};
use http::StatusCode;
use serde_json::{Value, json};
use signing::Unverified;

use crate::webhook::{Facts, WebhookKeys};
use crate::{
    Account, Answer, AnswerError, Call, Cancellation, Order, Provider, Sender, Settings,
    Submission, TaskStatus, WebhookReport, WebhookRequest,
};

/// RunPod.
#[derive(Debug)]
pub(crate) struct Runpod;

/// How long a worker's file is retried at least, however short its own wait is set.
const WORKER_RETENTION: Duration = Duration::from_mins(1);

impl Provider for Runpod {
    fn name(&self) -> &'static str {
        "runpod"
    }

    fn kinds(&self) -> &'static [JobKind] {
        &[JobKind::Tts]
    }

    fn settings(&self) -> Settings {
        Settings {
            url: "RUNPOD_BASE_URL",
            account: Some(("RUNPOD_ENDPOINT_ID", "tts")),
            key: "RUNPOD_API_KEY",
            is_key_optional: false,
            webhook_secret: "RUNPOD_WEBHOOK_SECRET",
            options: &["RUNPOD_NATIVE_WEBHOOK"],
            file_hosts: "RUNPOD_FILE_HOSTS",
            on_uncertain: "RUNPOD_ON_UNCERTAIN",
        }
    }

    fn webhook_path(&self) -> &'static str {
        "/api/runpod-webhook"
    }

    fn time_to_live(&self, _: JobKind, deadlines: Deadlines) -> Option<Duration> {
        Some(deadlines.start + deadlines.run)
    }

    /// A worker serves its file itself, and exits once it has waited for the confirmation.
    fn file_retention(&self, confirmation_timeout: Option<Duration>) -> Duration {
        confirmation_timeout.map_or(limits::FILE_RETENTION, |timeout| timeout.max(WORKER_RETENTION))
    }

    fn reserved_options(&self) -> &'static [&'static str] {
        request::RESERVED_OPTIONS
    }

    fn submit(&self, account: &Account, order: &Order) -> Option<Call> {
        request::run(account, order)
    }

    fn submission(&self, answer: &Answer<'_>) -> Result<Submission, AnswerError> {
        answer::submission(answer)
    }

    fn status(&self, account: &Account, _: JobKind, task: &TaskId) -> Call {
        request::status(account, task)
    }

    fn task_status(&self, answer: &Answer<'_>) -> Result<TaskStatus, AnswerError> {
        answer::task_status(answer)
    }

    fn cancel(&self, account: &Account, _: JobKind, task: &TaskId) -> Call {
        request::cancel(account, task)
    }

    fn cancellation(&self, answer: &Answer<'_>) -> Result<Cancellation, AnswerError> {
        answer::cancellation(answer)
    }

    fn authenticate(
        &self,
        request: &WebhookRequest<'_>,
        keys: &WebhookKeys,
    ) -> Result<Sender, Unverified> {
        webhook::authenticate(request, keys)
    }

    fn authentication_hint(&self) -> &'static str {
        "Sign the body with X-Webhook-Signature, or use the callback URL as it was given."
    }

    fn malformed_status(&self) -> StatusCode {
        StatusCode::UNPROCESSABLE_ENTITY
    }

    fn report(&self, body: &[u8]) -> Result<WebhookReport, InvalidField> {
        webhook::report(body)
    }

    fn named_job(&self, body: &[u8]) -> Option<JobId> {
        webhook::named_job(body)
    }

    fn acknowledgement(&self, facts: &Facts) -> Value {
        let Facts { job_id, updated, download_url, .. } = facts;
        json!({ "success": updated, "job_id": job_id, "audioUrl": download_url })
    }
}

#[cfg(test)]
mod tests;
