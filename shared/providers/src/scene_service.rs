//! The protocol that the three scene services share: the scene service webhooks are documented
//! (`docs/CONTRACTS.md`); the requests, in the same words, are ours.

use std::time::Duration;

use domain::job::{ErrorCode, JobError, Source, SourceFile};
use domain::{JobId, JobKind, ProjectId, Result, Step, TaskId};
use serde_json::{Map, Value, json};
use signing::Unverified;

use crate::body::{
    error_text, is_bare, number, object, optional_url, progress_percent, reason, required, task_id,
};
use crate::files;
use crate::state::State;
use crate::webhook::{Facts, WebhookKeys, by_token, verify_hex_hmac};
use crate::{
    Account, Answer, AnswerError, Call, Cancellation, Input, Order, Provider, Report, Sender,
    Settings, Submission, TaskStatus, WebhookReport, WebhookRequest,
};

/// What a scene service has of its own. All else is the same [`Provider`] for each.
pub(crate) trait SceneService: Sync {
    /// See [`Provider::name`].
    const NAME: &'static str;
    /// The kind of job that it does.
    const KINDS: &'static [JobKind];
    /// See [`Provider::settings`].
    const SETTINGS: Settings;
    /// The last segment of its webhook's path.
    const WEBHOOK: &'static str;
    /// See [`Provider::webhooks_per_minute`].
    const WEBHOOKS_PER_MINUTE: u32;
    /// What its events are about: `task.completed`.
    const EVENT_SUBJECT: &'static str;
    /// The member that holds its file's URL.
    const FILE_FIELD: &'static str;

    /// The body of a submission, without the webhook's URL.
    fn request(input: &Input) -> Option<Value>;

    /// The step that a webhook's body is about.
    fn step(project: ProjectId, object: &Map<String, Value>) -> Result<Step>;

    /// The members of the answer to a webhook that only this service has.
    fn facts(facts: &Facts) -> Value;
}

impl<S: SceneService> Provider for S {
    fn name(&self) -> &'static str {
        S::NAME
    }

    fn kinds(&self) -> &'static [JobKind] {
        S::KINDS
    }

    fn settings(&self) -> Settings {
        S::SETTINGS
    }

    fn webhook_path(&self) -> &'static str {
        S::WEBHOOK
    }

    fn webhook_name(&self) -> &'static str {
        S::WEBHOOK.rsplit('/').next().unwrap_or_default()
    }

    fn webhooks_per_minute(&self) -> u32 {
        S::WEBHOOKS_PER_MINUTE
    }

    fn submit(&self, account: &Account, order: &Order) -> Option<Call> {
        let mut body = S::request(&order.input)?;
        body["webhook_url"] = json!(order.callback_url());
        Some(Call::submission(account.url("/api/tasks"), account.bearer(), &body))
    }

    fn submission(&self, answer: &Answer<'_>) -> Result<Submission, AnswerError> {
        match answer.status.as_u16() {
            200..=299 => {
                Ok(Submission::Accepted { task: task_id(&object(answer.body)?, "task_id")? })
            }
            400 | 409 | 413 | 422 => {
                let (name, reason) = (S::NAME, reason(answer.body));
                let message = format!("The {name} service does not accept the request{reason}");
                Ok(Submission::Rejected(JobError::new(ErrorCode::ProviderRejected, message)))
            }
            _ => Ok(Submission::TryLater { status: answer.status, wait: None }),
        }
    }

    fn status(&self, account: &Account, _: JobKind, task: &TaskId) -> Call {
        Call::get(account.url(&format!("/api/tasks/{task}")), account.bearer())
    }

    /// A task is shown as its webhook reports it.
    fn task_status(&self, answer: &Answer<'_>) -> Result<TaskStatus, AnswerError> {
        match answer.status.as_u16() {
            200..=299 if is_bare(answer) => Ok(TaskStatus::running(None)),
            200..=299 => {
                let object = object(answer.body)?;
                Ok(status::<S>(required(&object, "status")?, &object)?)
            }
            404 | 410 => Ok(TaskStatus::Gone),
            _ => Err(AnswerError::Unavailable { status: answer.status }),
        }
    }

    fn cancel(&self, account: &Account, _: JobKind, task: &TaskId) -> Call {
        let url = account.url(&format!("/api/tasks/{task}/cancel"));
        Call::post(url, account.bearer(), &json!({}))
    }

    fn cancellation(&self, answer: &Answer<'_>) -> Result<Cancellation, AnswerError> {
        match answer.status.as_u16() {
            200..=299 => {
                let object = object(answer.body).unwrap_or_default();
                Ok(required(&object, "status").map_or(State::Running, State::of).into())
            }
            404 | 410 => Ok(Cancellation::Gone),
            _ => Err(AnswerError::Unavailable { status: answer.status }),
        }
    }

    fn registration(&self, account: &Account, webhook_url: &str, secret: &str) -> Option<Call> {
        let events = ["completed", "failed"].map(|end| format!("{}.{end}", S::EVENT_SUBJECT));
        let body = json!({ "url": webhook_url, "events": events, "secret": secret });
        Some(Call::submission(account.url("/api/webhooks/register"), account.bearer(), &body))
    }

    fn authenticate(
        &self,
        request: &WebhookRequest<'_>,
        keys: &WebhookKeys,
    ) -> Result<Sender, Unverified> {
        verify_hex_hmac(request, &keys.secret)
            .map(|_| Sender::Provider { attempt: by_token(request, keys) })
    }

    fn authentication_hint(&self) -> &'static str {
        "Sign the body: X-Webhook-Signature is the hex HMAC-SHA256 of its bytes."
    }

    fn report(&self, body: &[u8]) -> Result<WebhookReport> {
        let object = object(body)?;
        let word = required(&object, "status")?;
        let task = task_id(&object, "task_id")?;
        Ok(WebhookReport {
            job: Some(job_id::<S>(&object)?),
            attempt: None,
            task: Some(task),
            word: word.to_owned(),
            // An end without its file is looked at once more, since the file may follow.
            report: status::<S>(word, &object).map_or(Report::Unconfirmed, Report::Status),
        })
    }

    fn named_job(&self, body: &[u8]) -> Option<JobId> {
        job_id::<S>(&object(body).ok()?).ok()
    }

    fn acknowledgement(&self, facts: &Facts) -> Value {
        let mut answer = json!({ "received": true, "status": facts.word });
        if let (Some(answer), Value::Object(more)) = (answer.as_object_mut(), S::facts(facts)) {
            answer.extend(more);
        }
        answer
    }
}

/// The settings of a scene service whose variables have these names.
pub(crate) const fn settings(
    url: &'static str,
    key: &'static str,
    webhook_secret: &'static str,
    file_hosts: &'static str,
    on_uncertain: &'static str,
) -> Settings {
    Settings {
        url,
        account: None,
        key,
        is_key_optional: false,
        webhook_secret,
        options: &[],
        file_hosts,
        on_uncertain,
    }
}

fn job_id<S: SceneService>(object: &Map<String, Value>) -> Result<JobId> {
    Ok(S::step(required(object, "project_id")?.parse()?, object)?.job_id())
}

fn status<S: SceneService>(word: &str, object: &Map<String, Value>) -> Result<TaskStatus> {
    Ok(match State::of(word) {
        State::Queued => TaskStatus::Queued { position: None },
        State::Running => TaskStatus::running(object.get("progress").and_then(progress_percent)),
        State::Succeeded => TaskStatus::with_files(source(S::FILE_FIELD, object)?),
        State::Failed | State::TimedOut => TaskStatus::Failed(failure(S::NAME, object)),
        State::Cancelled => TaskStatus::Cancelled,
    })
}

fn source(field: &'static str, object: &Map<String, Value>) -> Result<Source> {
    let files = files::at(object, field)?.files;
    let duration_ms = object.get("duration").and_then(number).and_then(milliseconds);
    // A picture beside the file is not worth losing the file for.
    let thumbnail = optional_url(object, "thumbnail_url");
    let files = files.into_iter().map(|file| SourceFile { duration_ms, ..file }).collect();
    Ok(Source { files, confirmation_url: None }.with_thumbnail(thumbnail))
}

/// A service says how long a video plays in seconds. An impossible duration is passed over.
fn milliseconds(seconds: f64) -> Option<u64> {
    // So that truncation rounds.
    const HALF_A_MILLISECOND: Duration = Duration::from_micros(500);
    let duration = Duration::try_from_secs_f64(seconds).ok()?;
    u64::try_from((duration + HALF_A_MILLISECOND).as_millis()).ok()
}

/// Why the service called `name` failed, in a line for the job's owner.
fn failure(name: &str, object: &Map<String, Value>) -> JobError {
    let reason = object.get("error").and_then(error_text);
    let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
    JobError::new(ErrorCode::ProviderFailed, format!("The {name} service failed{reason}"))
}

/// The scene that a webhook's body is about.
pub(crate) fn scene(object: &Map<String, Value>) -> Result<domain::SceneId> {
    required(object, "scene_id")?.parse()
}
