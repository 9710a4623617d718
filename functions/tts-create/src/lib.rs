//! `POST /v1/tts/async`: creates a text-to-speech job with one conditional write; the table's stream
//! starts the work. `GET /v1/voices`: what languages and voices there are.

mod body;
mod spoken;

use domain::idempotency::KeyedRequest;
use domain::resource::LinkResource;
use domain::retention::{RetentionDays, RetentionPolicy};
use domain::{Caller, JobId, JobKind, JobStatus, Scope, Timestamp};
use http::StatusCode;
use outbound::{Guard, Ports};
use providers::registry;
use runtime::http::{ApiLinks, HttpFunction, Request, Response, json};
use runtime::{Clock, Context, Problem, StartError, idempotency, random};
use serde::Serialize;
use signing::IdempotencyIds;
use store::{Created, Store};

use crate::body::Body;
pub use crate::spoken::Spoken;
use crate::spoken::Worker;

/// What its jobs make.
const KIND: JobKind = JobKind::Tts;
/// The route that lists languages and voices.
const VOICES: &str = "/v1/voices";

/// The function.
#[derive(Debug)]
pub struct TtsCreate {
    store: Store,
    guard: Guard,
    retention: RetentionPolicy,
    worker: Worker,
    links: ApiLinks,
    is_configured: bool,
    ids: IdempotencyIds,
    clock: Clock,
}

/// The job that was created. The async TTS API v1 answers so, without the links.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "AcceptedJob"))]
pub struct Accepted {
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
                refused_ports: environment.parsed("OUTBOUND_REFUSED_PORTS", Ports::default())?,
                allowed_hosts: None,
            },
            retention: RetentionPolicy {
                default: environment.parsed("RETENTION_DAYS", RetentionDays::default())?,
                maximum: environment.parsed("MAX_RETENTION_DAYS", RetentionDays::default())?,
            },
            worker: Worker::read(environment)?,
            links: ApiLinks::new(environment.get("API_BASE_URL")),
            is_configured: registry::is_configured(KIND, |name| environment.get(name)),
            ids: environment.secret_key("SIGNING_KEY", IdempotencyIds::new)?,
            clock: context.clock.clone(),
        })
    }

    async fn handle(&self, request: Request) -> Result<Response, Problem> {
        if request.path() == VOICES {
            request.caller(Scope::JobsRead)?;
            return json(StatusCode::OK, &self.worker.spoken());
        }
        let caller = request.caller(Scope::JobsWrite)?;
        let links = self.links.of(&request)?;
        let key = request.idempotency_key()?;
        let now = self.clock.now();
        let body = Body::read(&request, &self.worker, &self.guard, self.retention, now)?;
        if !self.is_configured {
            return Err(Problem::no_provider(KIND.as_str()));
        }
        let job_id = self.create(&caller, key, &body, now).await?;
        let accepted = Accepted {
            links: LinkResource::new(&job_id, &links),
            job_id,
            status: JobStatus::Pending,
            message: "Job queued",
        };
        json(StatusCode::ACCEPTED, &accepted)
    }
}

impl TtsCreate {
    /// Saves the job under the id that its idempotency key stands for, or under a new one.
    async fn create(
        &self,
        caller: &Caller,
        key: Option<&str>,
        body: &Body,
        at: Timestamp,
    ) -> Result<JobId, Problem> {
        let create = |generation| {
            let new = || JobId::new(at, random::bytes());
            let keyed = |key| self.ids.job(&caller.owner, key, generation);
            let id = key.map_or_else(new, keyed);
            async move {
                let job = body.job(id.clone(), caller, at);
                let created = self.store.create_job(job).await;
                match created.map_err(Problem::unavailable)? {
                    Created::New => Ok((id, None)),
                    Created::Exists(first) if first.owner == caller.owner => {
                        let (sha256, at) = (first.request_sha256, first.created_at);
                        Ok((id, Some(KeyedRequest { sha256, as_sent: None, at })))
                    }
                    Created::Exists(_) => Err(Problem::unavailable("a random id came twice")),
                }
            }
        };
        if let Some(key) = key {
            let find = async |generation| self.made_before(caller, key, generation).await;
            if let Some(id) = idempotency::made_before(&body.keyed, find).await? {
                return Ok(id);
            }
        }
        idempotency::create_once(&body.keyed, create).await
    }

    async fn made_before(
        &self,
        caller: &Caller,
        key: &str,
        generation: u32,
    ) -> Result<Option<(JobId, KeyedRequest)>, Problem> {
        let id = JobId::unkeyed(&caller.owner, key, generation);
        let first = self.store.find_job(&caller.owner, &id).await.map_err(Problem::unavailable)?;
        Ok(first.map(|first| {
            let (sha256, at) = (first.request_sha256, first.created_at);
            (id, KeyedRequest { sha256, as_sent: None, at })
        }))
    }
}
