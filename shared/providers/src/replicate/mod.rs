//! Replicate: trainings, and predictions of any model. Its webhooks are Standard Webhooks, and it
//! asks for an https address; where there is none, its tasks are polled.

mod answer;
mod output;
mod request;
mod webhook;

use std::time::Duration;

use domain::job::Deadlines;
use domain::{InvalidField, JobId, JobKind, Secret, TaskId};
use serde_json::{Value, json};
use signing::Unverified;

use crate::list::{ListPart, TaskPage};
use crate::webhook::{Facts, WebhookKeys};
use crate::{
    Account, Answer, AnswerError, Call, Cancellation, Order, PollInterval, Provider, Sender,
    Settings, Submission, TaskStatus, WebhookReport, WebhookRequest,
};

/// Replicate.
#[derive(Debug)]
pub(crate) struct Replicate;

/// How long a prediction's files are retried. Replicate deletes them an hour after its end.
const FILE_RETENTION: Duration = Duration::from_mins(55);

/// Far above what it creates in a minute, 600: each task has two webhooks, and all come from a few
/// addresses.
const WEBHOOKS_PER_MINUTE: u32 = 3000;

impl Provider for Replicate {
    fn name(&self) -> &'static str {
        "replicate"
    }

    fn kinds(&self) -> &'static [JobKind] {
        &[JobKind::Training, JobKind::Prediction]
    }

    fn settings(&self) -> Settings {
        Settings {
            url: "REPLICATE_BASE_URL",
            account: None,
            key: "REPLICATE_API_TOKEN",
            is_key_optional: false,
            webhook_secret: "REPLICATE_WEBHOOK_SECRET",
            options: &[request::WEBHOOKS],
            file_hosts: "REPLICATE_FILE_HOSTS",
            on_uncertain: "REPLICATE_ON_UNCERTAIN",
        }
    }

    fn webhook_path(&self) -> &'static str {
        "/api/webhooks/replicate/completed"
    }

    fn webhooks_per_minute(&self) -> u32 {
        WEBHOOKS_PER_MINUTE
    }

    /// `Cancel-After` is documented for predictions alone.
    fn time_to_live(&self, kind: JobKind, deadlines: Deadlines) -> Option<Duration> {
        (kind == JobKind::Prediction).then_some(deadlines.run)
    }

    fn file_retention(&self, _: Option<Duration>) -> Duration {
        FILE_RETENTION
    }

    /// A webhook is retried for a minute only, so a late one is soon looked for.
    fn poll_interval(&self, account: &Account, webhook_url: &str) -> Option<PollInterval> {
        let is_called_back = request::calls_back(account, webhook_url);
        let (least, most) = if is_called_back { (30, 120) } else { (2, 30) };
        Some(PollInterval { least: Duration::from_secs(least), most: Duration::from_secs(most) })
    }

    fn default_file_hosts(&self) -> &'static str {
        "replicate.delivery,*.replicate.delivery"
    }

    fn file_auth(&self, account: &Account) -> Option<Secret> {
        account.key()
    }

    fn names_task(&self) -> bool {
        true
    }

    fn submit(&self, account: &Account, order: &Order) -> Option<Call> {
        request::create(account, order)
    }

    fn submission(&self, answer: &Answer<'_>) -> Result<Submission, AnswerError> {
        answer::submission(answer)
    }

    fn status(&self, account: &Account, kind: JobKind, task: &TaskId) -> Call {
        request::status(account, kind, task)
    }

    fn task_status(&self, answer: &Answer<'_>) -> Result<TaskStatus, AnswerError> {
        answer::task_status(answer)
    }

    fn asked_wait(&self, answer: &Answer<'_>) -> Option<Duration> {
        answer::asked_wait(answer)
    }

    fn returned(&self, answer: &Answer<'_>) -> Option<Vec<u8>> {
        answer::returned(answer.body)
    }

    fn list(&self, account: &Account, kind: JobKind, part: &ListPart) -> Option<Call> {
        request::list(account, kind, part)
    }

    fn listed(&self, answer: &Answer<'_>) -> Result<TaskPage, AnswerError> {
        answer::listed(answer)
    }

    fn cancel(&self, account: &Account, kind: JobKind, task: &TaskId) -> Call {
        request::cancel(account, kind, task)
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
        "Sign the body by Standard Webhooks (webhook-id, webhook-timestamp, webhook-signature)."
    }

    fn report(&self, body: &[u8]) -> Result<WebhookReport, InvalidField> {
        webhook::report(body)
    }

    fn named_job(&self, _: &[u8]) -> Option<JobId> {
        None
    }

    fn acknowledgement(&self, _: &Facts) -> Value {
        json!({ "received": true })
    }
}

#[cfg(test)]
mod tests;
