//! `POST /v1/tts/async`: creates a text-to-speech job with one conditional write; the table's stream
//! starts the work.

mod body;

use domain::links::Links;
use domain::resource::LinkResource;
use domain::{Caller, Job, JobId, JobKind, JobStatus, Scope, Timestamp, limits};
use http::StatusCode;
use outbound::Guard;
use providers::registry;
use runtime::http::{HttpFunction, Request, Response, json};
use runtime::{Clock, Context, Problem, StartError, random};
use serde::Serialize;
use store::{Created, Store};

use crate::body::Body;

/// What its jobs make.
const KIND: JobKind = JobKind::Tts;

/// The function.
#[derive(Debug)]
pub struct TtsCreate {
    store: Store,
    guard: Guard,
    links: Links,
    is_configured: bool,
    clock: Clock,
}

/// The response of the async TTS API v1, with links.
#[derive(Debug, Serialize)]
struct Accepted {
    job_id: JobId,
    status: JobStatus,
    message: &'static str,
    links: LinkResource,
}

impl HttpFunction for TtsCreate {
    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        Ok(Self {
            store: Store::new(&context.aws, environment.required("TABLE_NAME")?),
            guard: Guard {
                allow_loopback: environment.parsed("OUTBOUND_ALLOW_LOOPBACK", false)?,
                allowed_hosts: None,
            },
            links: Links::new(environment.required("API_BASE_URL")?),
            is_configured: registry::is_configured(KIND, |name| environment.get(name)),
            clock: context.clock.clone(),
        })
    }

    async fn handle(&self, request: Request) -> Result<Response, Problem> {
        let caller = request.caller(Scope::JobsWrite)?;
        let key = request.idempotency_key()?;
        let body = Body::read(&request, &self.guard)?;
        if !self.is_configured {
            return Err(Problem::no_provider(KIND.as_str()));
        }
        let job_id = match key {
            Some(key) => self.create_once(&caller, key, &body).await?,
            None => self.create(&caller, &body).await?,
        };
        let accepted = Accepted {
            links: LinkResource::new(&job_id, &self.links),
            job_id,
            status: JobStatus::Pending,
            message: "Job queued",
        };
        json(StatusCode::ACCEPTED, &accepted)
    }
}

impl TtsCreate {
    async fn create(&self, caller: &Caller, body: &Body) -> Result<JobId, Problem> {
        let now = self.clock.now();
        let id = JobId::new(now, random::bytes());
        match self.save(body.job(id.clone(), caller, now)).await? {
            Created::New => Ok(id),
            // The SDK has retried the write after its first answer was lost.
            Created::Exists(first) if first.owner == caller.owner => Ok(id),
            Created::Exists(_) => Err(Problem::unavailable("a random id is taken")),
        }
    }

    /// The id is derived from the idempotency key, so the write that finds it taken returns the
    /// first request's job. Keys are not stored.
    async fn create_once(&self, caller: &Caller, key: &str, body: &Body) -> Result<JobId, Problem> {
        let now = self.clock.now();
        for generation in 0.. {
            let id = JobId::for_idempotency_key(&caller.owner, key, generation);
            let mut job = body.job(id.clone(), caller, now);
            job.request_sha256 = Some(body.sha256.clone());
            match self.save(job).await? {
                Created::New => return Ok(id),
                Created::Exists(first) if ran_out(&first, now) => {}
                Created::Exists(first) if first.request_sha256.as_ref() == Some(&body.sha256) => {
                    return Ok(id);
                }
                Created::Exists(_) => return Err(Problem::key_reused()),
            }
        }
        Err(Problem::unavailable("an idempotency key has no generation left"))
    }

    async fn save(&self, job: Job) -> Result<Created, Problem> {
        self.store.create_job(job).await.map_err(Problem::unavailable)
    }
}

fn ran_out(first: &Job, now: Timestamp) -> bool {
    now.since(first.created_at) >= limits::IDEMPOTENCY_WINDOW
}
