//! `DELETE /v1/jobs/{job_id}`: ends a job, and says how far that came: at once (200), asked
//! of the provider (202), or too late (409).

use domain::links::Links;
use domain::resource::JobResource;
use domain::{Caller, Job, JobId, JobState, Scope};
use http::StatusCode;
use runtime::http::{HttpFunction, Request, Response, json};
use runtime::{Clock, Context, Problem, StartError};
use signing::token::TokenKey;
use store::{Change, Changed, Store};

/// The function.
#[derive(Debug)]
pub struct JobCancel {
    store: Store,
    links: Links,
    tokens: TokenKey,
    clock: Clock,
}

impl HttpFunction for JobCancel {
    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        Ok(Self {
            store: Store::new(&context.aws, environment.required("TABLE_NAME")?),
            links: Links::new(environment.required("API_BASE_URL")?),
            tokens: environment.secret_key("SIGNING_KEY", TokenKey::new)?,
            clock: context.clock.clone(),
        })
    }

    async fn handle(&self, request: Request) -> Result<Response, Problem> {
        let caller = request.caller(Scope::JobsWrite)?;
        let (status, job) = self.cancel(&caller, &request.job_id()?).await?;
        let token = self.tokens.download_token(&job.id);
        json(status, &JobResource::new(&job, &self.links, &token))
    }
}

impl JobCancel {
    async fn cancel(&self, caller: &Caller, id: &JobId) -> Result<(StatusCode, Box<Job>), Problem> {
        let at_once = Change::cancelled_by(&caller.owner, self.clock.now());
        match self.change(id, &at_once).await? {
            Changed::Done(job) => return Ok((StatusCode::OK, job)),
            Changed::Refused(job) => refuse_unless_running(caller, job.as_deref())?,
        }
        let request = Change::cancel_requested_by(&caller.owner, self.clock.now());
        match self.change(id, &request).await? {
            Changed::Done(job) => Ok((StatusCode::ACCEPTED, job)),
            Changed::Refused(job) => {
                refuse_unless_running(caller, job.as_deref())?;
                Err(Problem::unavailable("the job changed twice while it was being cancelled"))
            }
        }
    }

    async fn change(&self, id: &JobId, change: &Change) -> Result<Changed, Problem> {
        self.store.change(id, change).await.map_err(Problem::unavailable)
    }
}

/// A job that cannot be ended by a word to its provider is refused with the reason.
fn refuse_unless_running(caller: &Caller, job: Option<&Job>) -> Result<(), Problem> {
    let job = job.filter(|job| job.owner == caller.owner);
    let job = job.ok_or_else(|| Problem::not_found("There is no such job."))?;
    match job.state {
        JobState::Waiting | JobState::Queued | JobState::Dispatched | JobState::Running => Ok(()),
        JobState::Storing => {
            Err(too_late("Its provider has finished, and its files are being stored."))
        }
        JobState::Completed | JobState::Failed | JobState::Cancelled => {
            Err(too_late(&format!("The job is {} already.", job.state.status())))
        }
    }
}

fn too_late(detail: &str) -> Problem {
    Problem::conflict("too_late_to_cancel", detail)
}
