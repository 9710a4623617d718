//! `GET /v1/jobs/{job_id}`: a job with its status and outputs.

use domain::Scope;
use domain::resource::JobResource;
use http::StatusCode;
use runtime::http::{ApiLinks, HttpFunction, Request, Response, json};
use runtime::{Context, Problem, StartError};
use signing::token::TokenKey;
use store::Store;

/// The function.
#[derive(Debug)]
pub struct JobGet {
    store: Store,
    links: ApiLinks,
    tokens: TokenKey,
}

impl HttpFunction for JobGet {
    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        Ok(Self {
            store: Store::new(&context.aws, environment.required("TABLE_NAME")?),
            links: ApiLinks::new(environment.get("API_BASE_URL")),
            tokens: environment.secret_key("SIGNING_KEY", TokenKey::new)?,
        })
    }

    async fn handle(&self, request: Request) -> Result<Response, Problem> {
        let caller = request.caller(Scope::JobsRead)?;
        let links = self.links.of(&request)?;
        let id = request.job_id()?;
        let job = self.store.find_job(&caller.owner, &id).await.map_err(Problem::unavailable)?;
        let job = job.ok_or_else(|| Problem::not_found("There is no such job."))?;
        let token = self.tokens.download_token(&id);
        json(StatusCode::OK, &JobResource::new(&job, &links, &token))
    }
}
