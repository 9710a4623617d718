//! Asks a job's provider about its task: for its status, to cancel it, and in its list for a task whose
//! submission was not answered. How often, and what then holds, the provider says too.

use std::time::Duration;

use domain::job::ErrorCode;
use domain::links::Links;
use domain::{InvalidField, Job, JobError, JobState, TaskId, Timestamp, schedule};
use outbound::{HostList, ProviderClient, RetryAfter, SendError};
use providers::{Accounts, AnswerError, Cancellation, Configured, TaskStatus};
use runtime::{Environment, StartError};
use serde_json::Value;

use crate::decision::Uncertainty;
use crate::listing::{Listings, LookUp, look_up};

/// The providers, and their answers.
#[derive(Debug)]
pub(crate) struct Tasks {
    client: ProviderClient,
    accounts: Accounts,
    listings: Listings,
    links: Links,
    confirmation_timeout: Duration,
}

/// Why a task's provider says nothing of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// There is none.
    #[error("no provider is configured for jobs of this kind")]
    NotConfigured,
    /// It does not answer.
    #[error(transparent)]
    Send(#[from] SendError),
    /// Its answer says nothing of the task.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// It asks us to wait.
    #[error("the provider asks us to wait")]
    Wait(Duration),
}

impl CallError {
    /// How a job ends if the answers about its `task` stay like this: each is one of success, and says
    /// nothing that can be used.
    pub(crate) fn end(&self, task: &TaskId) -> Option<JobError> {
        match self {
            Self::Answer(AnswerError::Unusable(InvalidField { field, message })) => {
                let message = format!("The provider's answers cannot be used: {field} {message}.");
                Some(JobError::new(ErrorCode::ProviderFailed, message))
            }
            // What was paid for may still be read there.
            Self::Send(SendError::TooLarge { limit }) => {
                let message = format!(
                    "What the provider returned is longer than {limit} bytes. It is task {task} there."
                );
                Some(JobError::new(ErrorCode::FileInvalid, message))
            }
            _ => None,
        }
    }
}

impl Tasks {
    pub(crate) fn new(environment: &Environment) -> Result<Self, StartError> {
        let allow_loopback = environment.parsed("OUTBOUND_ALLOW_LOOPBACK", false)?;
        let private_hosts = environment.parsed("OUTBOUND_PRIVATE_HOSTS", HostList::default())?;
        Ok(Self {
            client: ProviderClient::new(allow_loopback)
                .map_err(|error| StartError::client("the HTTP client", &error))?
                .with_private_hosts(private_hosts),
            accounts: Accounts::read(|name| environment.get(name))
                .map_err(|missing| StartError::Missing { name: missing.name })?,
            listings: Listings::default(),
            links: Links::new(environment.required("API_BASE_URL")?),
            confirmation_timeout: environment
                .seconds("DOWNLOAD_CONFIRMATION_TIMEOUT", Duration::from_mins(1))?,
        })
    }

    /// The provider of `job`.
    pub(crate) fn of(&self, job: &Job) -> Result<Configured<'_>, CallError> {
        self.accounts.of(job.kind()).ok_or(CallError::NotConfigured)
    }

    /// The status of `task`.
    pub(crate) async fn status(
        &self,
        job: &Job,
        task: &TaskId,
        now: Timestamp,
    ) -> Result<TaskStatus, CallError> {
        let configured @ Configured { provider, account } = self.of(job)?;
        let kind = job.kind();
        let listed = self.listings.status(&self.client, configured, kind, task, now).await;
        if let Some(status) = listed {
            return Ok(status);
        }
        let answer = self.client.call(provider.status(account, kind, task)).await?;
        let status = provider.task_status(&answer.as_answer());
        status.map_err(|error| {
            let by_header = RetryAfter::read(&answer.headers).map(|asked| asked.from(now));
            let asked = by_header.max(provider.asked_wait(&answer.as_answer()));
            asked.map_or_else(|| error.into(), CallError::Wait)
        })
    }

    /// Cancels `task`.
    pub(crate) async fn cancel(&self, job: &Job, task: &TaskId) -> Result<Cancellation, CallError> {
        let Configured { provider, account } = self.of(job)?;
        let answer = self.client.call(provider.cancel(account, job.kind(), task)).await?;
        Ok(provider.cancellation(&answer.as_answer())?)
    }

    /// Looks for the task of `job`, whose submission with `input` was not answered.
    pub(crate) async fn look_up(
        &self,
        job: &Job,
        input: Option<&Value>,
        now: Timestamp,
    ) -> Result<LookUp, CallError> {
        look_up(&self.client, self.of(job)?, job, input, now).await
    }

    /// What holds for `job` if the answer to its submission is lost.
    pub(crate) fn uncertainty(&self, job: &Job) -> Uncertainty {
        let Ok(Configured { provider, account }) = self.of(job) else {
            return Uncertainty::default();
        };
        Uncertainty {
            then: job.on_uncertain.unwrap_or(account.on_uncertain()),
            time_to_live: provider.time_to_live(job.kind(), job.deadlines()),
        }
    }

    /// How long after a poll of `job` at `now` the next one follows.
    pub(crate) fn interval(&self, job: &Job, now: Timestamp) -> Duration {
        let configured = self.of(job).ok();
        let polling = configured.and_then(|Configured { provider, account }| {
            provider.poll_interval(account, &self.links.route(provider.webhook_path()))
        });
        let usual = || schedule::poll_interval(self.confirmation_timeout);
        let least = polling.map_or_else(usual, |polling| polling.least);
        if job.cancel_requested_at.is_some() {
            return least;
        }
        let kept = configured.filter(|_| job.state == JobState::Running);
        let kept = kept.map(|found| found.provider.file_retention(Some(self.confirmation_timeout)));
        let most = polling.map(|polling| polling.most);
        schedule::poll_wait(now.since(job.state_since), kept, least, most)
    }
}
