//! What every provider can be asked: the calls to make, and what its answers and webhooks mean.

use std::time::Duration;

use domain::job::Deadlines;
use domain::{InvalidField, JobId, JobKind, Secret, TaskId, limits};
use http::StatusCode;
use serde_json::Value;
use signing::Unverified;

use crate::call::{Answer, AnswerError, Call};
use crate::list::{ListPart, TaskPage};
use crate::order::Order;
use crate::settings::{Account, Settings};
use crate::task::{Cancellation, Submission, TaskStatus};
use crate::webhook::{Facts, Sender, WebhookKeys, WebhookReport, WebhookRequest};

/// How often the tasks of a provider are polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollInterval {
    /// The shortest interval, at first.
    pub least: Duration,
    /// The longest.
    pub most: Duration,
}

/// A provider. Pure: it describes calls and reads answers, and makes none itself.
pub trait Provider: Sync {
    /// Its name, in logs and in what is stored about it. It never changes.
    fn name(&self) -> &'static str;

    /// The kinds of job that it does. Its secret is valid for no other.
    fn kinds(&self) -> &'static [JobKind];

    /// Its environment variables.
    fn settings(&self) -> Settings;

    /// The route of its webhook.
    fn webhook_path(&self) -> &'static str;

    /// Its webhook's name in the answer to a health check.
    fn webhook_name(&self) -> &'static str {
        self.name()
    }

    /// How many webhooks a minute are accepted from one address.
    fn webhooks_per_minute(&self) -> u32 {
        limits::WEBHOOKS_PER_MINUTE
    }

    /// How long after its submission a task is certainly dead, whatever became of it: the
    /// time-to-live that is sent along. `None` if the provider knows no such thing.
    fn time_to_live(&self, kind: JobKind, deadlines: Deadlines) -> Option<Duration> {
        let _ = (kind, deadlines);
        None
    }

    /// How often its tasks are polled, where its webhook is at `webhook_url`; `None` for the usual
    /// intervals.
    fn poll_interval(&self, account: &Account, webhook_url: &str) -> Option<PollInterval> {
        let _ = (account, webhook_url);
        None
    }

    /// The hosts of its files where its variable names none; empty for any public host.
    fn default_file_hosts(&self) -> &'static str {
        ""
    }

    /// The key that its file hosts want as a bearer token, if they do.
    fn file_auth(&self, account: &Account) -> Option<Secret> {
        let _ = account;
        None
    }

    /// Whether its webhooks name their task as its API does, so that one of another task is refused.
    fn names_task(&self) -> bool {
        false
    }

    /// How long a file that it has announced is retried before it counts as lost.
    /// `confirmation_timeout` is how long its worker waits for the confirmation of the file;
    /// `None` if it does not wait for one.
    fn file_retention(&self, confirmation_timeout: Option<Duration>) -> Duration {
        let _ = confirmation_timeout;
        limits::FILE_RETENTION
    }

    /// The names that the options of its jobs may not have: its worker's input has them from us, or
    /// may read them as a place where files and reports go.
    fn reserved_options(&self) -> &'static [&'static str] {
        &[]
    }

    /// Submits a task; `None` if it does no work of that sort.
    fn submit(&self, account: &Account, order: &Order) -> Option<Call>;

    /// Reads the answer to [`submit`](Self::submit). An unreadable answer with a status of
    /// success is an error: the task may exist, only we do not know its id.
    fn submission(&self, answer: &Answer<'_>) -> Result<Submission, AnswerError>;

    /// Polls a task of a job of `kind`.
    fn status(&self, account: &Account, kind: JobKind, task: &TaskId) -> Call;

    /// Reads the answer to [`status`](Self::status).
    fn task_status(&self, answer: &Answer<'_>) -> Result<TaskStatus, AnswerError>;

    /// How long the body of the answer to [`status`](Self::status) asks us to wait; its headers may say so
    /// too.
    fn asked_wait(&self, answer: &Answer<'_>) -> Option<Duration> {
        let _ = answer;
        None
    }

    /// All that the task returned, as JSON, by the answer to [`status`](Self::status); `None` if it does
    /// not say. Only for tasks whose source has a file that is [returned](domain::job::FileRole).
    fn returned(&self, answer: &Answer<'_>) -> Option<Vec<u8>> {
        let _ = answer;
        None
    }

    /// Lists its tasks of `kind`; `None` if it has no list.
    fn list(&self, account: &Account, kind: JobKind, part: &ListPart) -> Option<Call> {
        let _ = (account, kind, part);
        None
    }

    /// Reads the answer to [`list`](Self::list).
    fn listed(&self, answer: &Answer<'_>) -> Result<TaskPage, AnswerError> {
        Err(AnswerError::Unavailable { status: answer.status })
    }

    /// Cancels a task of a job of `kind`.
    fn cancel(&self, account: &Account, kind: JobKind, task: &TaskId) -> Call;

    /// Reads the answer to [`cancel`](Self::cancel).
    fn cancellation(&self, answer: &Answer<'_>) -> Result<Cancellation, AnswerError>;

    /// Registers `webhook_url` with the provider, whose webhooks are to be signed with `secret`;
    /// `None` if it takes the URL with each task.
    fn registration(&self, account: &Account, webhook_url: &str, secret: &str) -> Option<Call> {
        let _ = (account, webhook_url, secret);
        None
    }

    /// What the sender of a webhook has proved. There is no open mode: without a secret, no
    /// signature is valid.
    fn authenticate(
        &self,
        request: &WebhookRequest<'_>,
        keys: &WebhookKeys,
    ) -> Result<Sender, Unverified>;

    /// What a sender that proved nothing is answered to do.
    fn authentication_hint(&self) -> &'static str;

    /// The status of the answer to a body that cannot be read.
    fn malformed_status(&self) -> StatusCode {
        StatusCode::BAD_REQUEST
    }

    /// Reads a webhook's body, or names the member at fault.
    fn report(&self, body: &[u8]) -> Result<WebhookReport, InvalidField>;

    /// The job that a webhook's body names, even if [`report`](Self::report) cannot read the rest.
    fn named_job(&self, body: &[u8]) -> Option<JobId>;

    /// The answer to a webhook.
    fn acknowledgement(&self, facts: &Facts) -> Value;
}
