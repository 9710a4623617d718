//! What functions that create jobs have in common: the members of their requests, and one conditional
//! write under an idempotency key.
//!
//! Invariants:
//! - A request creates at most one job, and its repetition under the same key finds that.
//! - A job whose kind has no provider is refused before anything is written.
//!
//! It calls no AWS service: each function gives the write, which its own role allows.
//!
//! A function for a further kind gives [`Jobs::read`] the reader of that kind's own members.

mod members;

use domain::idempotency::KeyedRequest;
use domain::job::Work;
use domain::links::Links;
use domain::resource::LinkResource;
use domain::{InvalidField, Job, JobId, JobKind, JobStatus, OwnerId, Scope, limits};
use providers::registry;
use runtime::fields::Fields;
use runtime::http::{ApiLinks, Request};
use runtime::{Clock, Context, Problem, StartError, idempotency, random};
use serde::Serialize;
use signing::IdempotencyIds;
use store::{Created, StoreError};

pub use crate::members::{Members, Rules, input, name};

/// Creates the jobs of one kind.
#[derive(Debug)]
pub struct Jobs {
    kind: JobKind,
    is_configured: bool,
    rules: Rules,
    ids: IdempotencyIds,
    links: ApiLinks,
    clock: Clock,
}

/// A job that a request asks for, and its place under an idempotency key.
#[derive(Debug)]
pub struct NewJob<'a> {
    /// The job, with the id that it has without a key.
    pub job: Job,
    /// The key.
    pub key: Option<&'a str>,
    /// The request under that.
    pub request: KeyedRequest,
    /// The URLs of the API for the answer.
    pub links: Links,
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

impl Accepted {
    /// The message about a job that waits for its turn.
    pub const MESSAGE: &str = "Job queued";
}

impl Jobs {
    /// Reads the settings of a function that creates jobs of `kind`.
    pub fn new(context: &Context, kind: JobKind) -> Result<Self, StartError> {
        let environment = &context.environment;
        Ok(Self {
            kind,
            is_configured: registry::is_configured(kind, |name| environment.get(name)),
            rules: Rules::read(environment)?,
            ids: environment.secret_key("SIGNING_KEY", IdempotencyIds::new)?,
            links: ApiLinks::new(environment.get("API_BASE_URL")),
            clock: context.clock.clone(),
        })
    }

    /// The job that `request` asks for. `work` reads the members of its kind from the body, for the
    /// caller.
    pub fn read<'a>(
        &self,
        request: &'a Request,
        work: impl FnOnce(&mut Fields<'_>, &OwnerId) -> Result<Work, InvalidField>,
    ) -> Result<NewJob<'a>, Problem> {
        let owner = request.caller(Scope::JobsWrite)?.owner;
        let links = self.links.of(request)?;
        let key = request.idempotency_key()?;
        let now = self.clock.now();
        let mut fields = request.fields(limits::REQUEST_BODY_BYTES)?;
        let work = work(&mut fields, &owner)?;
        let members = Members::read(&mut fields, &self.rules)?;
        let on_uncertain = fields.optional_text("on_uncertain")?;
        let on_uncertain = on_uncertain.as_deref().map(str::parse).transpose()?;
        let start_timeout_seconds = members::deadline(&mut fields, "start_timeout_seconds")?;
        let timeout_seconds = members::deadline(&mut fields, "timeout_seconds")?;
        fields.finish()?;
        if !self.is_configured {
            return Err(Problem::no_provider(self.kind.as_str()));
        }
        let request = request.keyed(now)?;
        let job = Job {
            webhook_url: members.webhook_url,
            metadata: members.metadata,
            request_sha256: request.sha256.clone(),
            on_uncertain,
            start_timeout_seconds,
            timeout_seconds,
            expires_at: Some(now + members.retention.duration()),
            ..Job::new(JobId::new(now, random::bytes()), owner, work, now)
        };
        Ok(NewJob { job, key, request, links })
    }

    /// Saves `new` by `put`, under the id that its idempotency key stands for if it has one. Gives
    /// the job, or the one that the same request created before.
    pub async fn create<F>(&self, new: &NewJob<'_>, put: impl Fn(Job) -> F) -> Result<Job, Problem>
    where
        F: Future<Output = Result<Created<Job>, StoreError>>,
    {
        let owner = &new.job.owner;
        let create = async |generation| {
            let keyed = |key| self.ids.job(owner, key, generation);
            let id = new.key.map_or_else(|| new.job.id.clone(), keyed);
            let job = Job { id, ..new.job.clone() };
            match put(job.clone()).await.map_err(Problem::unavailable)? {
                Created::New => Ok((job, None)),
                Created::Exists(first) if first.owner == *owner => {
                    let request = first.keyed();
                    Ok((*first, Some(request)))
                }
                Created::Exists(_) => Err(Problem::unavailable("a random id came twice")),
            }
        };
        idempotency::create_once(&new.request, create).await
    }

    /// Checks `url`, the member `field`, at which a provider finds what it works on. It is requested by the
    /// provider, and must be public for it too.
    pub fn source_url(&self, url: String, field: &str) -> Result<String, InvalidField> {
        self.rules.source_url(url, field)
    }

    /// The ids that idempotency keys stand for.
    pub const fn ids(&self) -> &IdempotencyIds {
        &self.ids
    }
}

impl NewJob<'_> {
    /// What is answered once `job` is saved.
    pub fn accepted(&self, job: Job) -> Accepted {
        Accepted {
            links: LinkResource::new(&job.id, &self.links),
            job_id: job.id,
            status: JobStatus::Pending,
            message: Accepted::MESSAGE,
        }
    }
}
