//! `GET /v1/jobs`: an owner's jobs, newest first.

use domain::Scope;
use domain::resource::JobResource;
use runtime::http::{self, ApiLinks, HttpFunction, Request, Response};
use runtime::{Context, Problem, StartError};
use signing::token::TokenKey;
use store::{JobFilter, Store};

/// The function.
#[derive(Debug)]
pub struct JobList {
    store: Store,
    links: ApiLinks,
    tokens: TokenKey,
}

impl HttpFunction for JobList {
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
        let filter = JobFilter {
            status: request.parsed_query("status")?,
            kind: request.parsed_query("kind")?,
        };
        let limit = request.page_limit()?;
        let cursor = request.parsed_query("cursor")?;
        let page = self.store.list_jobs(&caller.owner, filter, limit, cursor).await;
        let page = page.map_err(Problem::unavailable)?;
        let show = |job| JobResource::new(job, &links, &self.tokens.download_token(&job.id));
        let data: Vec<_> = page.items.iter().map(show).collect();
        http::page(&data, page.next)
    }
}
