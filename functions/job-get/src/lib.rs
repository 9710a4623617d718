//! `GET /v1/jobs/{job_id}`: a job with its status and outputs, at once or when it has changed.

mod wait;

use domain::resource::JobResource;
use domain::{JobId, OwnerId, Scope};
use http::{HeaderName, StatusCode};
use runtime::http::{ApiLinks, HttpFunction, Request, Response, json};
use runtime::{Clock, Context, Problem, StartError};
use signing::token::TokenKey;
use store::Store;

use crate::wait::Wait;

/// Says that the preference of a request was honoured (RFC 7240).
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// The function.
#[derive(Debug)]
pub struct JobGet {
    store: Store,
    links: ApiLinks,
    tokens: TokenKey,
    clock: Clock,
}

impl HttpFunction for JobGet {
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
        let caller = request.caller(Scope::JobsRead)?;
        let links = self.links.of(&request)?;
        let id = request.job_id()?;
        let wait = Wait::of(&request)?;
        let job = self.find(&caller.owner, &id).await?;
        let job = match &wait {
            Some(wait) => self.changed(&caller.owner, job, wait).await?,
            None => job,
        };
        let token = self.tokens.download_token(&id);
        let mut response = json(StatusCode::OK, &JobResource::new(&job, &links, &token))?;
        if let Some(applied) = wait.and_then(|wait| wait.applied()) {
            response.headers_mut().insert(PREFERENCE_APPLIED, applied);
        }
        Ok(response)
    }
}

impl JobGet {
    async fn find(&self, owner: &OwnerId, id: &JobId) -> Result<domain::Job, Problem> {
        let job = self.store.find_job(owner, id).await.map_err(Problem::unavailable)?;
        job.ok_or_else(|| Problem::not_found("There is no such job."))
    }
}
