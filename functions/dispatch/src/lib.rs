//! Hands jobs to their provider. The attempt is claimed by a conditional write first, so the
//! provider is called at most once for each, however often the message comes.

use std::time::Duration;

use domain::job::ErrorCode;
use domain::links::Links;
use domain::{Job, JobError, Secret};
use outbound::{ProviderClient, SendError};
use providers::runpod::answer;
use providers::runpod::request::{Endpoint, run_body};
use providers::{AnswerError, Submission};
use queues::message::Dispatch as Message;
use runtime::queue::{QueueFunction, Receipt, WorkError};
use runtime::{Clock, Context, StartError};
use signing::TokenKey;
use store::{Change, Changed, Store};

/// How long the provider may take to accept a job.
const ACCEPTANCE: Duration = Duration::from_secs(15);

/// The function.
#[derive(Debug)]
pub struct Dispatch {
    store: Store,
    links: Links,
    tokens: TokenKey,
    client: ProviderClient,
    endpoint: Endpoint,
    api_key: Secret,
    native_webhook: bool,
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
        Ok(Self {
            store: Store::new(&context.aws, environment.required("TABLE_NAME")?),
            links: Links::new(environment.required("API_BASE_URL")?),
            tokens: environment.secret_key("SIGNING_KEY", TokenKey::new)?,
            client: ProviderClient::new(allow_loopback)
                .map_err(|error| StartError::client("the HTTP client", &error))?,
            endpoint: Endpoint::new(
                environment.required("RUNPOD_BASE_URL")?,
                environment.required("RUNPOD_ENDPOINT_ID")?,
            ),
            api_key: environment.required_secret("RUNPOD_API_KEY")?,
            native_webhook: environment.parsed("RUNPOD_NATIVE_WEBHOOK", false)?,
            clock: context.clock.clone(),
        })
    }

    async fn handle(&self, message: Message, _: Receipt) -> Result<(), WorkError> {
        let claim = Change::claimed(message.last_attempt, self.clock.now());
        let claimed = self.store.change(&message.job_id, &claim).await;
        match claimed.map_err(|error| WorkError::new("claim the job", error))? {
            Changed::Done(job) => self.dispatch(&job).await,
            // Cancelled meanwhile, or claimed before. A claim whose worker died is found by
            // `reconcile`; a second one here could start the same work twice.
            Changed::Refused(_) => Ok(()),
        }
    }
}

impl Dispatch {
    async fn dispatch(&self, job: &Job) -> Result<(), WorkError> {
        match self.call(job).await? {
            Call::Answered(Submission::Accepted { task }) => self.accepted(job, &task).await,
            Call::Answered(Submission::Rejected(error)) => self.failed(job, &error).await,
            Call::Answered(Submission::TryLater { status }) => {
                self.put_back(job, &format!("the provider answered {status}")).await
            }
            Call::NotTaken(reason) => self.put_back(job, &reason).await,
            Call::Unknown(reason) => {
                tracing::warn!(job_id = %job.id, attempt = %job.attempt, reason,
                    "the provider may have the job; it is looked at later");
                Ok(())
            }
        }
    }

    async fn call(&self, job: &Job) -> Result<Call, WorkError> {
        let request = self.store.request(job).await;
        let Some(request) = request.map_err(|error| WorkError::new("read the request", error))?
        else {
            let message = "The job's request is no longer kept.";
            let error = JobError::new(ErrorCode::StartTimeout, message);
            return Ok(Call::Answered(Submission::Rejected(error)));
        };
        let token = self.tokens.callback_token(&job.id, job.attempt);
        let callback = self.links.runpod_callback(&job.id, &token);
        let body = run_body(&job.id, &request, &callback, self.native_webhook);
        let url = self.endpoint.run_url();
        let answer = self.client.post_json(&url, &self.api_key, &body, ACCEPTANCE).await;
        Ok(match answer {
            Ok(answer) => read_answer(answer::submission(answer.status.as_u16(), &answer.body)),
            Err(error) => not_answered(&error),
        })
    }

    async fn accepted(&self, job: &Job, task: &str) -> Result<(), WorkError> {
        tracing::info!(job_id = %job.id, attempt = %job.attempt, task, "job dispatched");
        // If this is refused, the provider has called back before we came to save its answer.
        let change = Change::accepted(job.attempt, task, self.clock.now());
        self.save(job, &change, "save the provider's task").await
    }

    async fn failed(&self, job: &Job, error: &JobError) -> Result<(), WorkError> {
        tracing::warn!(job_id = %job.id, attempt = %job.attempt, reason = error.message,
            "the provider rejects the job");
        let saving = "save that the job failed";
        let change = Change::failed(job.attempt, error, self.clock.now())
            .map_err(|error| WorkError::new(saving, error))?;
        self.save(job, &change, saving).await
    }

    /// The provider did not take the job: it waits, and is dispatched again.
    async fn put_back(&self, job: &Job, reason: &str) -> Result<(), WorkError> {
        tracing::warn!(job_id = %job.id, attempt = %job.attempt, reason, "job put back");
        let change = Change::put_back(job.attempt, self.clock.now());
        self.save(job, &change, "put the job back").await
    }

    async fn save(
        &self,
        job: &Job,
        change: &Change,
        saving: &'static str,
    ) -> Result<(), WorkError> {
        match self.store.change(&job.id, change).await {
            Ok(_) => Ok(()),
            Err(error) => Err(WorkError::new(saving, error)),
        }
    }
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
