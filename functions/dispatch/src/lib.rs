//! Hands jobs to their provider. The attempt is claimed by a conditional write first, so the
//! provider is called at most once for each, however often the message comes. A provider that
//! fails again and again is left alone for a while; its jobs wait unclaimed.

mod breaker;
mod order;

use std::time::Duration;

use domain::links::Links;
use domain::{Job, JobError, JobId, JobKind, JobState, Step, Timestamp};
use outbound::{ProviderClient, SendError};
use providers::{AnswerError, Provider, Providers, Submission};
use queues::Queue;
use queues::message::Dispatch as Message;
use runtime::queue::{QueueFunction, Receipt, WorkError};
use runtime::{Clock, Context, StartError};
use serde_json::{Value, json};
use signing::TokenKey;
use store::{Change, Changed, Store};

use crate::breaker::{Admission, Breaker};
use crate::order::{Order, Orders};

/// How long the provider may take to accept a job.
const ACCEPTANCE: Duration = Duration::from_secs(15);
/// How long it may take to end a task that nobody wants any more.
const CANCELLATION: Duration = Duration::from_secs(10);

/// The function.
#[derive(Debug)]
pub struct Dispatch {
    store: Store,
    queue: Queue<Message>,
    orders: Orders,
    breaker: Breaker,
    providers: Providers,
    client: ProviderClient,
    clock: Clock,
}

/// How a call to the provider ended.
enum Call {
    /// It answered.
    Answered(Submission),
    /// It has not taken the job.
    NotTaken(String),
    /// It may have taken the job, or not.
    Unknown(String),
}

impl QueueFunction for Dispatch {
    const QUEUE: &'static str = "DISPATCH_QUEUE_URL";

    type Message = Message;

    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        let allow_loopback = environment.parsed("OUTBOUND_ALLOW_LOOPBACK", false)?;
        let store = Store::new(&context.aws, environment.required("TABLE_NAME")?);
        Ok(Self {
            queue: Queue::new(&context.aws, environment.required(Self::QUEUE)?),
            orders: Orders {
                store: store.clone(),
                links: Links::new(environment.required("API_BASE_URL")?),
                tokens: environment.secret_key("SIGNING_KEY", TokenKey::new)?,
                native_webhook: environment.parsed("RUNPOD_NATIVE_WEBHOOK", false)?,
            },
            breaker: Breaker::new(store.clone()),
            providers: Providers::new(|name| environment.required(name))?,
            client: ProviderClient::new(allow_loopback)
                .map_err(|error| StartError::client("the HTTP client", &error))?,
            clock: context.clock.clone(),
            store,
        })
    }

    async fn handle(&self, message: Message, _: Receipt) -> Result<(), WorkError> {
        let provider = self.providers.of(kind(&message.job_id));
        let (asked_before, now) = (message.last_attempt.0 > 0, self.clock.now());
        let admission = self.breaker.admit(provider.name(), asked_before, now).await;
        match admission.map_err(|error| WorkError::new("ask how the provider is doing", error))? {
            Admission::Granted => self.claim(&message, provider).await,
            Admission::Held(until) => self.put_off(&message, until).await,
        }
    }
}

impl Dispatch {
    async fn claim(&self, message: &Message, provider: &Provider) -> Result<(), WorkError> {
        let claim = Change::claimed(message.last_attempt, self.clock.now());
        let claimed = self.store.change(&message.job_id, &claim).await;
        match claimed.map_err(|error| WorkError::new("claim the job", error))? {
            Changed::Done(job) => self.dispatch(&job, provider).await,
            // Cancelled meanwhile, or claimed before. A claim whose worker died is found by
            // `reconcile`; a second one here could start the same work twice.
            Changed::Refused(_) => Ok(()),
        }
    }

    /// Has the job wait, as it is, until its provider may be called. The message is sent anew, so
    /// that however often it waits, it does not count as one that cannot be worked through.
    async fn put_off(&self, message: &Message, until: Timestamp) -> Result<(), WorkError> {
        let sent = self.queue.send(message, until.since(self.clock.now())).await;
        sent.map_err(|error| WorkError::new("have the job wait for its provider", error))
    }

    async fn dispatch(&self, job: &Job, provider: &Provider) -> Result<(), WorkError> {
        let order = self.orders.of(job).await;
        match order.map_err(|error| WorkError::new("read what is to be done", error))? {
            Order::Ready { body, borrowed } => {
                let call = self.call(provider, &body).await;
                self.settle(job, provider, &call, borrowed).await?;
                self.note_health(provider, &call).await;
                Ok(())
            }
            Order::NotYet => self.put_back(job, "what it is made from is made anew").await,
            Order::Impossible(error) => self.failed(job, &error).await,
        }
    }

    async fn call(&self, provider: &Provider, body: &Value) -> Call {
        let url = provider.submit_url();
        match self.client.post_json(&url, provider.key(), body, ACCEPTANCE).await {
            Ok(answer) => read_answer(provider.submission(answer.status.as_u16(), &answer.body)),
            Err(error) => not_answered(&error),
        }
    }

    /// Saves what came of the call.
    async fn settle(
        &self,
        job: &Job,
        provider: &Provider,
        call: &Call,
        borrowed: bool,
    ) -> Result<(), WorkError> {
        match call {
            Call::Answered(Submission::Accepted { task }) => {
                self.accepted(job, provider, task, borrowed).await
            }
            Call::Answered(Submission::Rejected(error)) => self.failed(job, error).await,
            Call::Answered(Submission::TryLater { status }) => {
                self.put_back(job, &format!("the provider answered {status}")).await
            }
            Call::NotTaken(reason) => self.put_back(job, reason).await,
            Call::Unknown(reason) => {
                tracing::warn!(job_id = %job.id, attempt = %job.attempt, reason,
                    "the provider may have the job; it is looked at later");
                Ok(())
            }
        }
    }

    /// Notes how the provider is doing. It is advice: without it the next call is made all the
    /// same, and the next failure counts again.
    async fn note_health(&self, provider: &Provider, call: &Call) {
        let noted = match call {
            Call::Answered(Submission::Accepted { .. } | Submission::Rejected(_)) => {
                self.breaker.worked(provider.name()).await
            }
            Call::Answered(Submission::TryLater { .. }) | Call::NotTaken(_) | Call::Unknown(_) => {
                self.breaker.failed(provider.name(), self.clock.now()).await
            }
        };
        if let Err(error) = noted {
            tracing::warn!(cause = %error, "the provider's health stays as it was");
        }
    }

    async fn accepted(
        &self,
        job: &Job,
        provider: &Provider,
        task: &str,
        borrowed: bool,
    ) -> Result<(), WorkError> {
        tracing::info!(job_id = %job.id, attempt = %job.attempt, task, "job dispatched");
        let now = self.clock.now();
        let mut change = Change::accepted(job.attempt, task, now).borrowing(borrowed);
        if Step::of(&job.id).is_some() {
            change = change.accepted_at(now);
        }
        let saved = self.store.change(&job.id, &change).await;
        match saved.map_err(|error| WorkError::new("save the provider's task", error))? {
            Changed::Refused(Some(found)) if has_moved_on(&found, job) => {
                self.cancel(job, provider, task).await;
            }
            // If this is refused otherwise, the provider has called back before we came here.
            Changed::Done(_) | Changed::Refused(_) => {}
        }
        Ok(())
    }

    /// Ends a task that nobody waits for any more; whether that works changes nothing.
    async fn cancel(&self, job: &Job, provider: &Provider, task: &str) {
        tracing::info!(job_id = %job.id, attempt = %job.attempt, task, "task not wanted any more");
        let url = provider.cancel_url(task);
        if let Err(error) =
            self.client.post_json(&url, provider.key(), &json!({}), CANCELLATION).await
        {
            tracing::warn!(job_id = %job.id, cause = %error, "the task may go on");
        }
    }

    async fn failed(&self, job: &Job, error: &JobError) -> Result<(), WorkError> {
        tracing::warn!(job_id = %job.id, attempt = %job.attempt, reason = error.message,
            "the job cannot be done");
        let (saving, now) = ("save that the job failed", self.clock.now());
        let change = Change::failed(job.attempt, error, now)
            .map_err(|error| WorkError::new(saving, error))?;
        let saved = self.store.advance(job, &change, now).await;
        saved.map(drop).map_err(|error| WorkError::new(saving, error))
    }

    /// The provider did not take the job: it waits, and is dispatched again.
    async fn put_back(&self, job: &Job, reason: &str) -> Result<(), WorkError> {
        tracing::warn!(job_id = %job.id, attempt = %job.attempt, reason, "job put back");
        let change = Change::put_back(job.attempt, self.clock.now());
        let saved = self.store.change(&job.id, &change).await;
        saved.map(drop).map_err(|error| WorkError::new("put the job back", error))
    }
}

/// What the job makes: the id of a step says so, and any other job speaks a text.
fn kind(id: &JobId) -> JobKind {
    Step::of(id).map_or(JobKind::Tts, |step| step.kind())
}

/// Whether `found` no longer wants the task that the attempt of `claimed` has come to.
fn has_moved_on(found: &Job, claimed: &Job) -> bool {
    found.attempt != claimed.attempt
        || matches!(found.state, JobState::Queued | JobState::Cancelled)
}

/// An answer that cannot be read may well mean that the provider has the job.
fn read_answer(submission: Result<Submission, AnswerError>) -> Call {
    submission.map_or_else(|error| Call::Unknown(error.to_string()), Call::Answered)
}

fn not_answered(error: &SendError) -> Call {
    if error.may_have_arrived() {
        Call::Unknown(error.to_string())
    } else {
        Call::NotTaken(error.to_string())
    }
}
