//! Polls each job that has not ended until it has: asks its provider when no webhook came,
//! restarts what was lost, ends what is overdue, and carries out cancels.
//!
//! Invariants: what to do follows from the job and the time alone ([`decision`], pure); a change
//! is saved on the condition that the job is still as it was read. Must not name a provider:
//! `providers::registry` says which does what. A further deadline belongs into `decision`.

mod decision;
mod listing;
mod tasks;

use std::time::Duration;

use domain::job::ErrorCode;
use domain::{Job, JobError, JobState, TaskId, limits};
use providers::{Cancellation, Progress, TaskResult, TaskStatus};
use queues::Queue;
use queues::message::{Dispatch, Ingest, Reconcile as Message};
use runtime::queue::{QueueFunction, Receipt, WorkError};
use runtime::{Clock, Context, StartError};
use store::{Change, Store, StoreError};

use crate::decision::{CLAIM, Decision, decide};
use crate::listing::LookUp;
use crate::tasks::{CallError, Tasks};

/// How long after it was accepted a task may be unknown to its provider.
const KNOWN: Duration = Duration::from_mins(1);

/// How long a provider may take to carry out a cancel before its timeline says so.
const CONFIRMATION: Duration = Duration::from_mins(2);

/// How many polls in a row may be answered with what cannot be used. The job fails at the last:
/// no later one is likely to say more.
const UNUSABLE_ANSWERS: u32 = 5;

/// The function.
#[derive(Debug)]
pub struct Reconcile {
    store: Store,
    queue: Queue<Message>,
    dispatch: Queue<Dispatch>,
    ingest: Queue<Ingest>,
    tasks: Tasks,
    clock: Clock,
}

/// What the polls of a job remember from one to the next.
#[derive(Debug)]
struct Polls<'a> {
    /// How many answers in a row said nothing.
    unusable: &'a mut u32,
    /// How long the provider asks us to wait.
    wait: Duration,
}

impl QueueFunction for Reconcile {
    const QUEUE: &'static str = "RECONCILE_QUEUE_URL";

    type Message = Message;

    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        let aws = &context.aws;
        Ok(Self {
            store: Store::new(aws, environment.required("TABLE_NAME")?),
            queue: Queue::new(aws, environment.required(Self::QUEUE)?),
            dispatch: Queue::new(aws, environment.required("DISPATCH_QUEUE_URL")?),
            ingest: Queue::new(aws, environment.required("INGEST_QUEUE_URL")?),
            tasks: Tasks::new(environment)?,
            clock: context.clock.clone(),
        })
    }

    async fn handle(&self, mut message: Message, _: Receipt) -> Result<(), WorkError> {
        let job = self.store.job(&message.job_id).await;
        let job = job.map_err(|error| WorkError::new("read the job", error))?;
        let Some(job) = job else { return Ok(()) };
        if let Some(task) = &message.superseded_task {
            return self.abandon(&job, task).await;
        }
        if !is_current(&job, &message) {
            return Ok(());
        }
        let mut polls = Polls { unusable: &mut message.unusable_answers, wait: Duration::ZERO };
        self.act(&job, &mut polls).await?;
        let wait = polls.wait.min(limits::QUEUE_DELAY);
        match message.polls {
            Some(polls) => self.poll_again(&job, message, polls + 1, wait).await,
            None => Ok(()),
        }
    }
}

impl Reconcile {
    async fn act(&self, job: &Job, polls: &mut Polls<'_>) -> Result<(), WorkError> {
        if job.state == JobState::Uncertain && self.found(job).await? {
            return Ok(());
        }
        let (now, tasks) = (self.clock.now(), &self.tasks);
        match decide(job, now, tasks.interval(job, now), tasks.uncertainty(job)) {
            Decision::Wait => Ok(()),
            Decision::DispatchAgain => {
                let sent = self.dispatch.send(&Dispatch::of(job), Duration::ZERO).await;
                sent.map_err(|error| WorkError::new("send the job to dispatch", error))
            }
            Decision::PullAgain => {
                let sent = self.ingest.send(&Ingest::of(job), Duration::ZERO).await;
                sent.map_err(|error| WorkError::new("send the job to ingest", error))
            }
            Decision::Uncertain => {
                tracing::warn!(job_id = %job.id, attempt = %job.attempt, "submission uncertain");
                self.save(job, &Change::uncertain(job.attempt, self.clock.now())).await
            }
            Decision::Lost => self.lost(job).await,
            Decision::Fail(error) => self.fail(job, &error).await,
            Decision::Overdue(error) => {
                tracing::warn!(job_id = %job.id, attempt = %job.attempt, "job did not end in time");
                self.fail(job, &error).await
            }
            Decision::CancelUnconfirmed => {
                self.end_task(job).await;
                self.cancelled_unconfirmed(job).await
            }
            Decision::Cancel => self.cancel(job, polls).await,
            Decision::Poll(task) => self.poll(job, &task, polls).await,
        }
    }

    async fn fail(&self, job: &Job, error: &JobError) -> Result<(), WorkError> {
        self.end_task(job).await;
        let change = Change::failed(job.attempt, error, self.clock.now());
        self.save_made(job, change.map(|change| change.only_from(job))).await
    }

    /// Looks for the task of a job whose submission was not answered, in the provider's list, and
    /// saves what has become of it; whether that is clear.
    async fn found(&self, job: &Job) -> Result<bool, WorkError> {
        let Some(within) = job.work.model_request() else { return Ok(false) };
        let request = self.store.request(&job.id, within).await;
        let request = request.map_err(|error| WorkError::new("read the job's request", error))?;
        let input = request.and_then(|request| serde_json::from_str(request.input.as_str()).ok());
        let now = self.clock.now();
        let task = match self.tasks.look_up(job, input.as_ref(), now).await {
            Ok(LookUp::Found(task)) => Some(task),
            Ok(LookUp::Alike(tasks)) => self.claimed(job, &tasks).await?,
            Ok(LookUp::Unclear) => return Ok(false),
            Err(error) => {
                tracing::warn!(job_id = %job.id, cause = %error, "task not looked for");
                return Ok(false);
            }
        };
        match task {
            Some(task) => {
                tracing::info!(job_id = %job.id, attempt = %job.attempt, %task, "task found");
                let change = Change::accepted(job, &task, false, now).only_from(job);
                self.save(job, &change).await.map(|()| true)
            }
            None if now.since(job.state_since) >= CLAIM => self.lost(job).await.map(|()| true),
            None => Ok(false),
        }
    }

    /// The first of `tasks`, which all have the job's input, that is no other job's.
    async fn claimed(&self, job: &Job, tasks: &[TaskId]) -> Result<Option<TaskId>, WorkError> {
        for task in tasks {
            let claimed = self.store.claim_task(job, task, self.clock.now()).await;
            if claimed.map_err(|error| WorkError::new("claim a task", error))? {
                return Ok(Some(task.clone()));
            }
        }
        Ok(None)
    }

    /// Asks the provider for the task's status, and saves it.
    async fn poll(&self, job: &Job, task: &TaskId, polls: &mut Polls<'_>) -> Result<(), WorkError> {
        let status = match self.tasks.status(job, task, self.clock.now()).await {
            Ok(status) => status,
            Err(error) => return self.not_polled((job, task), &error, polls).await,
        };
        *polls.unusable = 0;
        tracing::info!(job_id = %job.id, attempt = %job.attempt, status = status.name(),
            "provider polled");
        if status.is_final() {
            tracing::info!(job_id = %job.id, kind = job.kind().as_str(), "recovered by poll");
        }
        let now = self.clock.now();
        match status {
            TaskStatus::Queued { .. } => Ok(()),
            TaskStatus::Running(progress) => self.progress(job, &progress).await,
            TaskStatus::Succeeded(TaskResult { source, result }) => {
                let attempt = Some(job.attempt);
                let change = Change::succeeded(attempt, &source, result.as_ref(), now);
                self.save_made(job, change.map(|change| change.of_task(task))).await
            }
            TaskStatus::Failed(error) => {
                self.save_made(job, Change::failed_at_provider(job, &error, now)).await
            }
            TaskStatus::Cancelled => {
                self.save_made(job, Change::cancelled_at_provider(job, now)).await
            }
            // A task is not always known at once where its status is asked for.
            TaskStatus::Gone if now.since(job.state_since) < KNOWN => Ok(()),
            TaskStatus::Gone => self.lost(job).await,
        }
    }

    /// The next poll asks again, unless the answers have been unusable for long enough.
    async fn not_polled(
        &self,
        (job, task): (&Job, &TaskId),
        error: &CallError,
        polls: &mut Polls<'_>,
    ) -> Result<(), WorkError> {
        tracing::warn!(job_id = %job.id, cause = %error, "provider not polled");
        if let CallError::Wait(wait) = error {
            polls.wait = *wait;
        }
        let Some(end) = error.end(task) else { return Ok(()) };
        *polls.unusable += 1;
        if *polls.unusable < UNUSABLE_ANSWERS {
            return Ok(());
        }
        self.fail(job, &end).await
    }

    async fn progress(&self, job: &Job, progress: &Progress) -> Result<(), WorkError> {
        let Some(percent) = progress.percent else { return Ok(()) };
        // Saves a write whose condition would fail; that decides all the same.
        let least = job.progress_percent.map_or(0, |saved| saved + limits::PROGRESS_PERCENT);
        if percent < least {
            return Ok(());
        }
        let details = (progress.step.as_deref(), progress.count);
        let attempt = Some(job.attempt);
        self.save_made(job, Change::progress(attempt, percent, details, self.clock.now())).await
    }

    /// Ends the job as its owner requested, once the provider has cancelled its task. Until then
    /// the task is polled as before, since it may end by itself, and the cancel is requested again
    /// at each poll. If the provider has finished meanwhile, it is too late: the job goes on to its
    /// files.
    async fn cancel(&self, job: &Job, polls: &mut Polls<'_>) -> Result<(), WorkError> {
        let Some(task) = &job.provider_task else {
            return match job.state {
                JobState::Queued => self.cancelled(job).await,
                // A task that no answer has named cannot be cancelled.
                _ => self.cancelled_unconfirmed(job).await,
            };
        };
        let now = self.clock.now();
        let is_unconfirmed = match self.cancel_task(job, task).await {
            Ok(Cancellation::Cancelled | Cancellation::Gone) => return self.cancelled(job).await,
            Ok(Cancellation::TooLate) => false,
            Ok(Cancellation::Requested) => {
                job.cancel_requested_at.is_some_and(|at| now.since(at) >= CONFIRMATION)
            }
            Err(error) => {
                tracing::warn!(job_id = %job.id, cause = %error, "cancel not accepted");
                true
            }
        };
        if is_unconfirmed && job.cancel_unconfirmed_at.is_none() {
            self.save(job, &Change::cancel_unconfirmed(job, now)).await?;
        }
        self.poll(job, task, polls).await
    }

    async fn cancel_task(&self, job: &Job, task: &TaskId) -> Result<Cancellation, WorkError> {
        let cancelled = self.tasks.cancel(job, task).await;
        cancelled.map_err(|error| WorkError::new("cancel the task", error))
    }

    /// Cancels a superseded task of `job`. It is tried for as long as the queue redelivers; that
    /// it has ended by itself meanwhile is as good.
    async fn abandon(&self, job: &Job, task: &TaskId) -> Result<(), WorkError> {
        let cancellation = self.cancel_task(job, task).await?;
        tracing::info!(job_id = %job.id, %task, ?cancellation, "superseded task cancelled");
        Ok(())
    }

    async fn cancelled(&self, job: &Job) -> Result<(), WorkError> {
        tracing::info!(job_id = %job.id, attempt = %job.attempt, "job cancelled");
        self.save(job, &Change::cancelled(job.attempt, self.clock.now())).await
    }

    /// The same for a job whose provider has not confirmed that its task is cancelled.
    async fn cancelled_unconfirmed(&self, job: &Job) -> Result<(), WorkError> {
        tracing::warn!(job_id = %job.id, attempt = %job.attempt, "job cancelled, task unconfirmed");
        self.save(job, &Change::cancelled_unconfirmed(job.attempt, self.clock.now())).await
    }

    /// Cancels the task of a job that ends anyway; whether that works changes nothing.
    async fn end_task(&self, job: &Job) {
        if let Some(task) = &job.provider_task
            && let Err(error) = self.cancel_task(job, task).await
        {
            tracing::warn!(job_id = %job.id, cause = %error, "task may still run");
        }
    }

    /// The attempt is lost; another one begins, if there is one left.
    async fn lost(&self, job: &Job) -> Result<(), WorkError> {
        let lost = job.lost_attempts + 1;
        tracing::warn!(job_id = %job.id, attempt = %job.attempt, lost, "attempt lost");
        let message = "The provider lost the job, as often as it was tried.";
        let error = JobError::new(ErrorCode::ProviderFailed, message);
        let change = Change::lost_or_failed(job, "the provider lost it", &error, self.clock.now());
        self.save_made(job, change).await
    }

    async fn save_made(
        &self,
        job: &Job,
        change: Result<Change, StoreError>,
    ) -> Result<(), WorkError> {
        let change = change.map_err(|error| WorkError::new("save the result of a poll", error))?;
        self.save(job, &change).await
    }

    /// Saves `change` and what follows from it. On a conflict, another event has moved the job
    /// on.
    async fn save(&self, job: &Job, change: &Change) -> Result<(), WorkError> {
        match self.store.advance(job, change, self.clock.now()).await {
            Ok(_) => Ok(()),
            Err(error) => Err(WorkError::new("save the result of a poll", error)),
        }
    }

    async fn poll_again(
        &self,
        job: &Job,
        message: Message,
        polls: u32,
        asked: Duration,
    ) -> Result<(), WorkError> {
        let wait = self.tasks.interval(job, self.clock.now()).max(asked);
        let sent = self.queue.send(&Message { polls: Some(polls), ..message }, wait).await;
        sent.map_err(|error| WorkError::new("schedule the next poll", error))
    }
}

/// Whether these polls of `job` go on: not after its end, and not once it is restarted or waits
/// for the step before, since others begin then.
fn is_current(job: &Job, message: &Message) -> bool {
    let is_restarted =
        message.job_created_at.is_some_and(|created_at| created_at != job.created_at);
    !job.state.is_terminal() && job.state != JobState::Waiting && !is_restarted
}
