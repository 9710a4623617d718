//! Looks at each job that has not ended, again and again until it has: asks its provider when
//! no webhook came, starts anew what was lost, ends what is overdue, and carries out what its
//! owner asked for.

mod decision;

use std::error::Error;
use std::time::Duration;

use domain::job::ErrorCode;
use domain::{Job, JobError, JobState, limits, schedule};
use outbound::ProviderClient;
use providers::{Cancellation, Provider, ProviderNews, Providers};
use queues::Queue;
use queues::message::{Check as Message, Dispatch, Ingest};
use runtime::queue::{QueueFunction, Receipt, WorkError};
use runtime::{Clock, Context, StartError};
use serde_json::json;
use store::{Change, Store, StoreError};

use crate::decision::{Decision, decide};

/// How long a provider may take to answer a question.
const ANSWER: Duration = Duration::from_secs(10);

/// The function.
#[derive(Debug)]
pub struct Reconcile {
    store: Store,
    queue: Queue<Message>,
    dispatch: Queue<Dispatch>,
    ingest: Queue<Ingest>,
    client: ProviderClient,
    providers: Providers,
    confirmation_timeout: Duration,
    clock: Clock,
}

impl QueueFunction for Reconcile {
    const QUEUE: &'static str = "CHECK_QUEUE_URL";

    type Message = Message;

    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        let aws = &context.aws;
        let allow_loopback = environment.parsed("OUTBOUND_ALLOW_LOOPBACK", false)?;
        Ok(Self {
            store: Store::new(aws, environment.required("TABLE_NAME")?),
            queue: Queue::new(aws, environment.required(Self::QUEUE)?),
            dispatch: Queue::new(aws, environment.required("DISPATCH_QUEUE_URL")?),
            ingest: Queue::new(aws, environment.required("INGEST_QUEUE_URL")?),
            client: ProviderClient::new(allow_loopback)
                .map_err(|error| StartError::client("the HTTP client", &error))?,
            providers: Providers::new(|name| environment.required(name))?,
            confirmation_timeout: environment
                .seconds("DOWNLOAD_CONFIRMATION_TIMEOUT", Duration::from_mins(1))?,
            clock: context.clock.clone(),
        })
    }

    async fn handle(&self, message: Message, _: Receipt) -> Result<(), WorkError> {
        let job = self.store.job(&message.job_id).await;
        let job = job.map_err(|error| WorkError::new("read the job", error))?;
        let Some(job) = job else { return Ok(()) };
        if let Some(task) = &message.abandoned_task {
            return self.abandon(&job, task).await;
        }
        if !is_looked_after(&job, &message) {
            return Ok(());
        }
        self.act(&job).await?;
        match message.round {
            Some(round) => self.look_again(message, round + 1).await,
            None => Ok(()),
        }
    }
}

impl Reconcile {
    async fn act(&self, job: &Job) -> Result<(), WorkError> {
        match decide(job, self.clock.now(), schedule::check_wait(self.confirmation_timeout)) {
            Decision::Wait => Ok(()),
            Decision::DispatchAgain => {
                let message = Dispatch { job_id: job.id.clone(), last_attempt: job.attempt };
                let sent = self.dispatch.send(&message, Duration::ZERO).await;
                sent.map_err(|error| WorkError::new("have the job dispatched", error))
            }
            Decision::PullAgain => {
                let message = Ingest { job_id: job.id.clone(), attempt: job.attempt };
                let sent = self.ingest.send(&message, Duration::ZERO).await;
                sent.map_err(|error| WorkError::new("have the file pulled", error))
            }
            Decision::Lost => self.lost(job).await,
            Decision::Fail(error) => {
                self.end_task(job).await;
                self.fail(job, &error).await
            }
            Decision::Cancel => self.cancel(job).await,
            Decision::Ask(task) => self.ask(job, &task).await,
        }
    }

    /// Asks the provider how the task stands, and saves what it says.
    async fn ask(&self, job: &Job, task: &str) -> Result<(), WorkError> {
        let news = match self.news(self.provider(job), task).await {
            Ok(news) => news,
            Err(error) => {
                // The next look asks again.
                tracing::warn!(job_id = %job.id, cause = %error, "the provider does not answer");
                return Ok(());
            }
        };
        tracing::info!(job_id = %job.id, attempt = %job.attempt, ?news, "provider asked");
        let now = self.clock.now();
        match news {
            ProviderNews::Queued | ProviderNews::StillRunning { progress_percent: None } => Ok(()),
            ProviderNews::StillRunning { progress_percent: Some(percent) } => {
                // Saves a write that would be refused; its condition decides all the same.
                let told = job.progress_percent.map_or(0, |told| told + limits::PROGRESS_PERCENT);
                if percent < told {
                    return Ok(());
                }
                self.save(job, &Change::progress(job.attempt, percent, now)).await
            }
            ProviderNews::FileReady(source) => {
                let change = Change::file_ready(Some(job.attempt), &source, now);
                self.save_made(job, change.map(|change| change.of_task(task))).await
            }
            ProviderNews::Failed(error) => {
                self.save_made(job, Change::failed_step(job, &error, now)).await
            }
            ProviderNews::Cancelled => {
                self.save_made(job, Change::ended_by_provider(job, now)).await
            }
            ProviderNews::Gone => self.lost(job).await,
        }
    }

    fn provider(&self, job: &Job) -> &Provider {
        self.providers.of(job.kind)
    }

    async fn news(
        &self,
        provider: &Provider,
        task: &str,
    ) -> Result<ProviderNews, Box<dyn Error + Send + Sync>> {
        let answer = self.client.get(&provider.status_url(task), provider.key(), ANSWER).await?;
        Ok(provider.news(answer.status.as_u16(), &answer.body)?)
    }

    /// Ends the job as its owner wishes, once the provider has let go of it. If the provider
    /// has finished meanwhile, it is too late: the job goes on to its files.
    async fn cancel(&self, job: &Job) -> Result<(), WorkError> {
        let Some(task) = &job.provider_task else { return self.cancelled(job).await };
        match self.cancel_task(self.provider(job), task).await? {
            Cancellation::Cancelled | Cancellation::Gone => self.cancelled(job).await,
            Cancellation::Requested => Ok(()),
            Cancellation::TooLate => self.ask(job, task).await,
        }
    }

    async fn cancel_task(
        &self,
        provider: &Provider,
        task: &str,
    ) -> Result<Cancellation, WorkError> {
        let url = provider.cancel_url(task);
        let answer = self.client.post_json(&url, provider.key(), &json!({}), ANSWER).await;
        let answer = answer.map_err(|error| WorkError::new("cancel the task", error))?;
        let cancellation = provider.cancellation(answer.status.as_u16(), &answer.body);
        cancellation.map_err(|error| WorkError::new("cancel the task", error))
    }

    /// Ends a task of an attempt of `job` that no longer counts. It is tried for as long as the
    /// queue lets it; that it has ended by itself meanwhile is as good.
    async fn abandon(&self, job: &Job, task: &str) -> Result<(), WorkError> {
        let cancellation = self.cancel_task(self.provider(job), task).await?;
        tracing::info!(job_id = %job.id, task, ?cancellation, "task abandoned");
        Ok(())
    }

    async fn cancelled(&self, job: &Job) -> Result<(), WorkError> {
        tracing::info!(job_id = %job.id, attempt = %job.attempt, "job cancelled");
        self.save(job, &Change::cancelled(job.attempt, self.clock.now())).await
    }

    /// Ends the task of a job that is over anyway; whether that works changes nothing.
    async fn end_task(&self, job: &Job) {
        if let Some(task) = &job.provider_task
            && let Err(error) = self.cancel_task(self.provider(job), task).await
        {
            tracing::warn!(job_id = %job.id, cause = %error, "the task may go on");
        }
    }

    /// The attempt has come to nothing; another one begins, if there is one left.
    async fn lost(&self, job: &Job) -> Result<(), WorkError> {
        let lost = job.lost_attempts + 1;
        tracing::warn!(job_id = %job.id, attempt = %job.attempt, lost, "attempt lost");
        let message = "The provider lost the job, as often as it was tried.";
        let error = JobError::new(ErrorCode::ProviderFailed, message);
        let change = Change::lost_or_failed(job, "the provider lost it", &error, self.clock.now());
        self.save_made(job, change).await
    }

    async fn fail(&self, job: &Job, error: &JobError) -> Result<(), WorkError> {
        self.save_made(job, Change::failed(job.attempt, error, self.clock.now())).await
    }

    async fn save_made(
        &self,
        job: &Job,
        change: Result<Change, StoreError>,
    ) -> Result<(), WorkError> {
        let change = change.map_err(|error| WorkError::new("save what was found", error))?;
        self.save(job, &change).await
    }

    /// Saves `change` and what follows from it. If it no longer fits, something else has moved
    /// the job on.
    async fn save(&self, job: &Job, change: &Change) -> Result<(), WorkError> {
        match self.store.advance(job, change, self.clock.now()).await {
            Ok(_) => Ok(()),
            Err(error) => Err(WorkError::new("save what was found", error)),
        }
    }

    async fn look_again(&self, message: Message, round: u32) -> Result<(), WorkError> {
        let wait = schedule::check_wait(self.confirmation_timeout);
        let sent = self.queue.send(&Message { round: Some(round), ..message }, wait).await;
        sent.map_err(|error| WorkError::new("plan the next look", error))
    }
}

/// Whether these looks at `job` go on: not after its end, and not once it has been begun anew or
/// waits for what it is made from, since others begin then.
fn is_looked_after(job: &Job, message: &Message) -> bool {
    let begun_anew = message.begun_at.is_some_and(|begun_at| begun_at != job.created_at);
    !job.state.is_terminal() && job.state != JobState::Waiting && !begun_anew
}
