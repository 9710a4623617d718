//! The clipping worker: cuts a long video into clips. It reports progress and its end by webhooks
//! (AI clipping webhooks, `docs/CONTRACTS.md`); the status requests, in the same words, are ours.

mod answer;
mod request;
mod webhook;

use std::time::Duration;

use domain::{InvalidField, JobId, JobKind, TaskId};
use serde_json::{Value, json};
use signing::Unverified;

use crate::webhook::{Facts, WebhookKeys};
use crate::{
    Account, Answer, AnswerError, Call, Cancellation, Order, PollInterval, Provider, Sender,
    Settings, Submission, TaskStatus, WebhookReport, WebhookRequest,
};

/// The clipping worker.
#[derive(Debug)]
pub(crate) struct ClippingWorker;

impl Provider for ClippingWorker {
    fn name(&self) -> &'static str {
        "clipping-worker"
    }

    fn kinds(&self) -> &'static [JobKind] {
        &[JobKind::Clipping]
    }

    fn settings(&self) -> Settings {
        Settings {
            url: "CLIPPING_WORKER_URL",
            account: None,
            key: "CLIPPING_WORKER_API_KEY",
            // On a private network it may ask for none.
            is_key_optional: true,
            webhook_secret: "WEBHOOK_SECRET",
            options: &[],
            file_hosts: "CLIPPING_WORKER_FILE_HOSTS",
            on_uncertain: "CLIPPING_WORKER_ON_UNCERTAIN",
        }
    }

    fn webhook_path(&self) -> &'static str {
        "/api/webhooks/ai-clipping"
    }

    fn webhook_name(&self) -> &'static str {
        "ai-clipping"
    }

    /// A webhook is retried three times within seconds, so a lost end is soon looked for.
    fn poll_interval(&self, _: &Account, _: &str) -> Option<PollInterval> {
        Some(PollInterval { least: Duration::from_secs(15), most: Duration::from_mins(1) })
    }

    fn names_task(&self) -> bool {
        true
    }

    fn submit(&self, account: &Account, order: &Order) -> Option<Call> {
        request::submit(account, order)
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
        "Send the secret as \"Authorization: Bearer …\", or sign the body with X-Webhook-Signature."
    }

    fn report(&self, body: &[u8]) -> Result<WebhookReport, InvalidField> {
        webhook::report(body)
    }

    fn named_job(&self, body: &[u8]) -> Option<JobId> {
        webhook::named_job(body)
    }

    fn acknowledgement(&self, _: &Facts) -> Value {
        json!({ "received": true })
    }
}

#[cfg(test)]
mod tests;
