//! `DELETE /v1/jobs/{job_id}`: cancels a job: at once (200), by a request to its provider (202), or
//! too late (409). With `?purge=true`, and by `DELETE /v1/jobs/{job_id}/outputs`, what has ended is
//! erased. A step of a project is cancelled and erased only with its project.

use domain::resource::JobResource;
use domain::retention::Erasure;
use domain::{Caller, Job, JobId, JobState, Scope, Step};
use http::StatusCode;
use runtime::http::{ApiLinks, HttpFunction, Request, Response, json};
use runtime::{Clock, Context, Problem, ProblemCode, StartError};
use signing::token::TokenKey;
use store::{Change, Changed, Store};

/// Maximum number of tries, if the job changes between its read and its write.
const TRIES: usize = 3;

/// The function.
#[derive(Debug)]
pub struct JobCancel {
    store: Store,
    links: ApiLinks,
    tokens: TokenKey,
    clock: Clock,
}

impl HttpFunction for JobCancel {
    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        Ok(Self {
            store: Store::new(&context.aws, environment.required("TABLE_NAME")?),
            links: ApiLinks::new(environment.get("API_BASE_URL")),
            tokens: environment.secret_key("SIGNING_KEY", TokenKey::new)?,
            clock: context.clock.clone(),
        })
    }

    async fn handle(&self, request: Request) -> Result<Response, Problem> {
        let caller = request.caller(Scope::JobsWrite)?;
        let links = self.links.of(&request)?;
        let id = request.job_id()?;
        if let Some(step) = Step::of(&id) {
            return Err(self.belongs_to_project(&caller, &id, links.project(&step.project)).await);
        }
        let erasure = request.erasure("DELETE /v1/jobs/{job_id}/outputs")?;
        let (status, job) = match erasure {
            Some(what) => (StatusCode::OK, self.erase(&caller, &id, what).await?),
            None => self.cancel(&caller, &id).await?,
        };
        let token = self.tokens.download_token(&job.id);
        json(status, &JobResource::new(&job, &links, &token))
    }
}

impl JobCancel {
    async fn cancel(&self, caller: &Caller, id: &JobId) -> Result<(StatusCode, Box<Job>), Problem> {
        let cancel = Change::cancelled_by(&caller.owner, self.clock.now());
        match self.change(id, &cancel).await? {
            Changed::Done(job) => return Ok((StatusCode::OK, job)),
            Changed::Conflict(Some(job)) if is_cancelled(caller, &job) => {
                return Ok((StatusCode::OK, job));
            }
            Changed::Conflict(job) => refuse_unless_running(caller, job.as_deref())?,
        }
        let request = Change::cancel_requested_by(&caller.owner, self.clock.now());
        match self.change(id, &request).await? {
            Changed::Done(job) => Ok((StatusCode::ACCEPTED, job)),
            Changed::Conflict(Some(job)) if is_cancelled(caller, &job) => Ok((StatusCode::OK, job)),
            Changed::Conflict(job) => {
                refuse_unless_running(caller, job.as_deref())?;
                Err(Problem::unavailable("the job changed twice while it was being cancelled"))
            }
        }
    }

    /// Erases `what` of the caller's job `id`. The files follow from the saved change.
    async fn erase(&self, caller: &Caller, id: &JobId, what: Erasure) -> Result<Box<Job>, Problem> {
        for _ in 0..TRIES {
            let job = self.store.find_job(&caller.owner, id).await.map_err(Problem::unavailable)?;
            let job = job.ok_or_else(|| Problem::not_found("There is no such job."))?;
            if !job.state.is_terminal() {
                let detail = "The job has not ended. Cancel it, and erase it when it has ended.";
                return Err(Problem::conflict(ProblemCode::NotEnded, detail));
            }
            let erased = Change::erased(&job, &caller.owner, what, self.clock.now());
            match self.change(id, &erased.map_err(Problem::unavailable)?).await? {
                Changed::Done(job) => return Ok(job),
                Changed::Conflict(_) => {}
            }
        }
        Err(Problem::unavailable("every try to erase the job had a conflict"))
    }

    /// The problem for a step of a project: 409 for its owner, 404 for others.
    /// The project's URL is `url`.
    async fn belongs_to_project(&self, caller: &Caller, id: &JobId, url: String) -> Problem {
        match self.store.find_job(&caller.owner, id).await {
            Err(error) => Problem::unavailable(error),
            Ok(None) => Problem::not_found("There is no such job."),
            Ok(Some(_)) => Problem::conflict(
                ProblemCode::BelongsToProject,
                format!(
                    "The job is a step of a project. Cancel or erase the project with DELETE {url}."
                ),
            ),
        }
    }

    async fn change(&self, id: &JobId, change: &Change) -> Result<Changed, Problem> {
        self.store.change(id, change).await.map_err(Problem::unavailable)
    }
}

/// Whether there is nothing left to do: a cancel that is repeated is no error.
fn is_cancelled(caller: &Caller, job: &Job) -> bool {
    job.owner == caller.owner && job.state == JobState::Cancelled
}

/// Checks that the caller's job is in a state in which it can be cancelled.
fn refuse_unless_running(caller: &Caller, job: Option<&Job>) -> Result<(), Problem> {
    let job = job.filter(|job| job.owner == caller.owner);
    let job = job.ok_or_else(|| Problem::not_found("There is no such job."))?;
    match job.state {
        JobState::Waiting
        | JobState::Queued
        | JobState::Dispatched
        | JobState::Uncertain
        | JobState::Running => Ok(()),
        JobState::Storing => {
            Err(too_late("The provider has finished, and the job's files are being stored."))
        }
        JobState::Completed | JobState::Failed | JobState::Cancelled => {
            Err(too_late(&format!("The job is already {}.", job.state.status())))
        }
    }
}

fn too_late(detail: &str) -> Problem {
    Problem::conflict(ProblemCode::TooLateToCancel, detail)
}
