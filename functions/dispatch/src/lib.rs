//! Submits jobs to their provider.
//!
//! Invariants: an attempt is claimed by a conditional write first, so the provider is called at
//! most once for each, however often the message comes; nothing is called before its state is
//! saved. A provider that fails again and again has its circuit opened: its jobs wait unclaimed.
//! Must not name a provider: `providers::registry` says which does what. A further kind of job is
//! a further arm of [`order`], which reads what its provider works on.

mod breaker;
mod order;

use std::time::Duration;

use domain::job::ErrorCode;
use domain::links::Links;
use domain::{Job, JobError, JobId, JobKind, JobState, TaskId, Timestamp, limits};
use http::{HeaderMap, StatusCode};
use outbound::{HostList, ProviderClient, RetryAfter, SendError};
use providers::{Accounts, AnswerError, Configured, Order, Submission};
use queues::Queue;
use queues::message::Dispatch as Message;
use runtime::queue::{QueueFunction, Receipt, WorkError};
use runtime::{Clock, Context, StartError, random};
use signing::TokenKey;
use store::{Change, Changed, Store, StoreError};

use crate::breaker::{Admission, Breaker};
use crate::order::{Orders, Prepared};

/// How long to wait before what a provider answered is saved again, if the table does not take it.
const SAVE_PAUSES: [Duration; 4] = [
    Duration::from_millis(50),
    Duration::from_millis(250),
    Duration::from_secs(1),
    Duration::from_secs(4),
];

/// The function.
#[derive(Debug)]
pub struct Dispatch {
    store: Store,
    queue: Queue<Message>,
    orders: Orders,
    breaker: Breaker,
    accounts: Accounts,
    client: ProviderClient,
    clock: Clock,
}

/// How a submission ended.
enum Submitted {
    /// The provider answered.
    Answered(Submission),
    /// The provider has not received it.
    NotReceived(String),
    /// The provider may have accepted it, or not.
    Unknown(String),
}

impl QueueFunction for Dispatch {
    const QUEUE: &'static str = "DISPATCH_QUEUE_URL";

    type Message = Message;

    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        let allow_loopback = environment.parsed("OUTBOUND_ALLOW_LOOPBACK", false)?;
        let private_hosts = environment.parsed("OUTBOUND_PRIVATE_HOSTS", HostList::default())?;
        let store = Store::new(&context.aws, environment.required("TABLE_NAME")?);
        Ok(Self {
            queue: Queue::new(&context.aws, environment.required(Self::QUEUE)?),
            orders: Orders {
                store: store.clone(),
                links: Links::new(environment.required("API_BASE_URL")?),
                tokens: environment.secret_key("SIGNING_KEY", TokenKey::new)?,
            },
            breaker: Breaker::new(store.clone()),
            accounts: Accounts::read(|name| environment.get(name))
                .map_err(|missing| StartError::Missing { name: missing.name })?,
            client: ProviderClient::new(allow_loopback)
                .map_err(|error| StartError::client("the HTTP client", &error))?
                .with_private_hosts(private_hosts),
            clock: context.clock.clone(),
            store,
        })
    }

    async fn handle(&self, message: Message, _: Receipt) -> Result<(), WorkError> {
        let Some(kind) = self.kind(&message).await? else { return Ok(()) };
        let Some(configured) = self.accounts.of(kind) else {
            return self.not_configured(&message).await;
        };
        let provider = configured.provider.name();
        let (is_retry, now) = (message.last_attempt.0 > 0, self.clock.now());
        let admission = self.breaker.admit(provider, is_retry, now).await;
        match admission.map_err(|error| WorkError::new("read the provider's circuit", error))? {
            Admission::Granted => self.claim(&message, configured).await,
            Admission::Held(until) => self.put_off(&message, until).await,
        }
    }
}

impl Dispatch {
    /// What the job makes. A message of version 0.1 does not say it.
    async fn kind(&self, message: &Message) -> Result<Option<JobKind>, WorkError> {
        if message.kind.is_some() {
            return Ok(message.kind);
        }
        let job = self.store.job(&message.job_id).await;
        let job = job.map_err(|error| WorkError::new("read the job", error))?;
        Ok(job.map(|job| job.kind()))
    }

    /// Fails a job that was created when its provider was still configured.
    async fn not_configured(&self, message: &Message) -> Result<(), WorkError> {
        let Some(job) = self.claimed(message).await? else { return Ok(()) };
        let text = "No provider is configured for jobs of this kind.";
        self.failed(&job, &JobError::new(ErrorCode::ProviderRejected, text)).await
    }

    async fn claim(&self, message: &Message, configured: Configured<'_>) -> Result<(), WorkError> {
        match self.claimed(message).await? {
            Some(job) => self.dispatch(&job, configured).await,
            None => Ok(()),
        }
    }

    /// The job, once its next attempt is claimed; `None` if that is not to begin: the job was
    /// cancelled, or the attempt claimed before. A claim whose worker died is found by
    /// `reconcile`; a second one here could start the same work twice.
    async fn claimed(&self, message: &Message) -> Result<Option<Box<Job>>, WorkError> {
        let mark = random::hex::<4>();
        let claim = Change::claimed(message.last_attempt, &mark, self.clock.now());
        let claimed = self.save(&message.job_id, &claim).await;
        match claimed.map_err(|error| WorkError::new("claim the job", error))? {
            Changed::Done(job) => Ok(Some(job)),
            // The write was repeated after its first answer was lost.
            Changed::Conflict(found) => Ok(found.filter(|job| job.claim.as_ref() == Some(&mark))),
        }
    }

    /// Delays the job, as it is, until its provider may be called. The message is sent again, so
    /// that it does not count as one that cannot be handled. It does so for as long as the job may
    /// wait: `reconcile`, which has sent it again meanwhile if it was needed, ends the job then.
    async fn put_off(&self, message: &Message, until: Timestamp) -> Result<(), WorkError> {
        let now = self.clock.now();
        let since = message.waiting_since.unwrap_or(now);
        if now.since(since) >= limits::START_DEADLINE {
            tracing::warn!(job_id = %message.job_id, "not put off again");
            return Ok(());
        }
        let message = Message { waiting_since: Some(since), ..message.clone() };
        let sent = self.queue.send(&message, until.since(now)).await;
        sent.map_err(|error| WorkError::new("delay the job for its provider", error))
    }

    async fn dispatch(&self, job: &Job, configured: Configured<'_>) -> Result<(), WorkError> {
        let prepared = match self.orders.of(job, configured.provider).await {
            Ok(prepared) => prepared,
            // Nothing was submitted, so another attempt may be.
            Err(error) => {
                return self.put_back(job, &format!("its input was not read: {error}")).await;
            }
        };
        match prepared {
            Prepared::Ready { order, upstream_source } => {
                let began = self.clock.now();
                let submitted = self.submit(configured, &order).await;
                self.settle(job, configured, &submitted, upstream_source).await?;
                self.record_health(configured, began, &submitted).await;
                Ok(())
            }
            Prepared::NotYet => self.put_back(job, "what it is made from is restarted").await,
            Prepared::Impossible(error) => self.failed(job, &error).await,
        }
    }

    async fn submit(&self, configured: Configured<'_>, order: &Order) -> Submitted {
        let Configured { provider, account } = configured;
        let Some(call) = provider.submit(account, order) else {
            let text = "The provider does not do jobs of this kind.";
            let error = JobError::new(ErrorCode::ProviderRejected, text);
            return Submitted::Answered(Submission::Rejected(error));
        };
        match self.client.call(call).await {
            Ok(answer) => {
                let submission = provider.submission(&answer.as_answer());
                answered(submission.map(|submission| self.patient(submission, &answer.headers)))
            }
            Err(error) => not_answered(&error),
        }
    }

    /// `submission` with the wait that the headers ask for, if they do.
    fn patient(&self, submission: Submission, headers: &HeaderMap) -> Submission {
        match submission {
            Submission::TryLater { status, wait } => {
                let asked = RetryAfter::read(headers).map(|asked| asked.from(self.clock.now()));
                Submission::TryLater { status, wait: wait.max(asked) }
            }
            other => other,
        }
    }

    /// Saves the result of the submission.
    async fn settle(
        &self,
        job: &Job,
        configured: Configured<'_>,
        submitted: &Submitted,
        upstream_source: bool,
    ) -> Result<(), WorkError> {
        match submitted {
            Submitted::Answered(Submission::Accepted { task }) => {
                self.accepted(job, configured, task, upstream_source).await
            }
            Submitted::Answered(Submission::Rejected(error)) => self.failed(job, error).await,
            Submitted::Answered(Submission::TryLater { status, wait }) if is_refusal(*status) => {
                self.put_back_for(job, &format!("the provider answered {status}"), *wait).await
            }
            Submitted::Answered(Submission::TryLater { status, .. }) => {
                self.uncertain(job, &format!("the provider answered {status}")).await
            }
            Submitted::NotReceived(reason) => self.put_back(job, reason).await,
            Submitted::Unknown(reason) => self.uncertain(job, reason).await,
        }
    }

    /// Records how the provider is doing. It is advice: without it the next call is made all the
    /// same, and the next failure counts again.
    async fn record_health(
        &self,
        configured: Configured<'_>,
        began: Timestamp,
        submitted: &Submitted,
    ) {
        let provider = configured.provider.name();
        let recorded = match submitted {
            Submitted::Answered(Submission::Accepted { .. } | Submission::Rejected(_)) => {
                self.breaker.worked(provider, began).await
            }
            Submitted::Answered(Submission::TryLater { .. })
            | Submitted::NotReceived(_)
            | Submitted::Unknown(_) => self.breaker.failed(provider, self.clock.now()).await,
        };
        if let Err(error) = recorded {
            tracing::warn!(provider, cause = %error, "circuit state not saved");
        }
    }

    async fn accepted(
        &self,
        job: &Job,
        configured: Configured<'_>,
        task: &TaskId,
        upstream_source: bool,
    ) -> Result<(), WorkError> {
        tracing::info!(job_id = %job.id, attempt = %job.attempt, %task, "job dispatched");
        if configured.has_list(job.kind()) && !self.is_own(job, task).await {
            return self.uncertain(job, "its task was taken for another job's").await;
        }
        let change = Change::accepted(job, task, upstream_source, self.clock.now());
        match self
            .save(&job.id, &change)
            .await
            .map_err(|error| WorkError::new("save the provider's task", error))?
        {
            Changed::Conflict(Some(found)) if has_moved_on(&found, job) => {
                self.cancel(job, configured, task).await;
            }
            // On any other conflict the provider has called back before this was saved.
            Changed::Done(_) | Changed::Conflict(_) => {}
        }
        Ok(())
    }

    /// Whether `task` is this job's, which is recorded for others that look for theirs in the
    /// provider's list. If the table does not take the record, the job itself says it all the same.
    async fn is_own(&self, job: &Job, task: &TaskId) -> bool {
        let claimed = self.store.claim_task(job, task, self.clock.now()).await;
        claimed.unwrap_or_else(|error| {
            tracing::warn!(job_id = %job.id, cause = %error, "task not recorded");
            true
        })
    }

    /// Saves `change`, more patiently than usual: what it says is known nowhere else, and the
    /// repeated message would not call the provider again.
    async fn save(&self, id: &JobId, change: &Change) -> Result<Changed, StoreError> {
        let mut pauses = SAVE_PAUSES.iter();
        loop {
            match (self.store.change(id, change).await, pauses.next()) {
                (Err(_), Some(pause)) => tokio::time::sleep(*pause).await,
                (saved, _) => return saved,
            }
        }
    }

    /// The provider may have accepted the job, or not. It is not submitted again before that is
    /// known: by the provider's webhook, by its time-to-live, or as the job's owner decides.
    async fn uncertain(&self, job: &Job, reason: &str) -> Result<(), WorkError> {
        tracing::warn!(job_id = %job.id, attempt = %job.attempt, reason, "submission uncertain");
        let change = Change::uncertain(job.attempt, self.clock.now());
        let saved = self.save(&job.id, &change).await;
        saved
            .map(drop)
            .map_err(|error| WorkError::new("save that the submission is uncertain", error))
    }

    /// Cancels a task whose attempt no longer counts; whether that works changes nothing.
    async fn cancel(&self, job: &Job, configured: Configured<'_>, task: &TaskId) {
        tracing::info!(job_id = %job.id, attempt = %job.attempt, %task, "superseded task cancelled");
        let Configured { provider, account } = configured;
        if let Err(error) = self.client.call(provider.cancel(account, job.kind(), task)).await {
            tracing::warn!(job_id = %job.id, cause = %error, "superseded task may still run");
        }
    }

    async fn failed(&self, job: &Job, error: &JobError) -> Result<(), WorkError> {
        tracing::warn!(job_id = %job.id, attempt = %job.attempt, reason = error.message,
            "job failed");
        let (saving, now) = ("save that the job failed", self.clock.now());
        let change = Change::failed(job.attempt, error, now)
            .map(|change| change.only_from(job))
            .map_err(|error| WorkError::new(saving, error))?;
        let saved = self.store.advance(job, &change, now).await;
        saved.map(drop).map_err(|error| WorkError::new(saving, error))
    }

    /// The provider did not accept the job: it is queued, and dispatched again.
    async fn put_back(&self, job: &Job, reason: &str) -> Result<(), WorkError> {
        self.put_back_for(job, reason, None).await
    }

    /// The same, not to be dispatched before `wait` is over.
    async fn put_back_for(
        &self,
        job: &Job,
        reason: &str,
        wait: Option<Duration>,
    ) -> Result<(), WorkError> {
        tracing::warn!(job_id = %job.id, attempt = %job.attempt, reason, "job queued again");
        let now = self.clock.now();
        let change = match wait {
            Some(wait) => Change::put_back_until(job.attempt, now + wait, now),
            None => Change::put_back(job.attempt, now),
        };
        let saved = self.save(&job.id, &change).await;
        match saved.map_err(|error| WorkError::new("queue the job again", error))? {
            // No submission follows a cancel, and no task is left to cancel.
            Changed::Conflict(Some(found)) if found.cancel_requested_at.is_some() => {
                let change = Change::cancelled(job.attempt, self.clock.now());
                let saved = self.store.advance(&found, &change, self.clock.now()).await;
                saved.map(drop).map_err(|error| WorkError::new("cancel the job", error))
            }
            Changed::Done(_) | Changed::Conflict(_) => Ok(()),
        }
    }
}

/// Whether an answer with that status says that the provider has not accepted the job. Behind a
/// server error or a time-out of a gateway it may have.
fn is_refusal(status: StatusCode) -> bool {
    status == StatusCode::SERVICE_UNAVAILABLE
        || !status.is_server_error() && status != StatusCode::REQUEST_TIMEOUT
}

/// Whether `found` no longer needs the task of the attempt of `claimed`.
fn has_moved_on(found: &Job, claimed: &Job) -> bool {
    found.attempt != claimed.attempt
        || matches!(found.state, JobState::Queued | JobState::Cancelled)
}

/// An answer that cannot be read may well mean that the provider has accepted the job.
fn answered(submission: Result<Submission, AnswerError>) -> Submitted {
    submission.map_or_else(|error| Submitted::Unknown(error.to_string()), Submitted::Answered)
}

fn not_answered(error: &SendError) -> Submitted {
    if error.may_have_arrived() {
        Submitted::Unknown(error.to_string())
    } else {
        Submitted::NotReceived(error.to_string())
    }
}
