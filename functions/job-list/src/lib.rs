//! `GET /v1/jobs`: an owner's jobs, newest first.

use domain::links::Links;
use domain::resource::JobResource;
use domain::{InvalidField, Scope, limits};
use http::StatusCode;
use runtime::http::{HttpFunction, Request, Response, json};
use runtime::{Context, Problem, StartError};
use serde::Serialize;
use signing::token::TokenKey;
use store::{JobFilter, Store};

/// The function.
#[derive(Debug)]
pub struct JobList {
    store: Store,
    links: Links,
    tokens: TokenKey,
}

#[derive(Debug, Serialize)]
struct Page {
    data: Vec<JobResource>,
    next_cursor: Option<String>,
}

impl HttpFunction for JobList {
    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        Ok(Self {
            store: Store::new(&context.aws, environment.required("TABLE_NAME")?),
            links: Links::new(environment.required("API_BASE_URL")?),
            tokens: environment.secret_key("SIGNING_KEY", TokenKey::new)?,
        })
    }

    async fn handle(&self, request: Request) -> Result<Response, Problem> {
        let caller = request.caller(Scope::JobsRead)?;
        let filter = JobFilter {
            status: request.parsed_query("status")?,
            kind: request.parsed_query("kind")?,
        };
        let limit = limit(request.query("limit"))?;
        let cursor = request.parsed_query("cursor")?;
        let page = self.store.list_jobs(&caller.owner, filter, limit, cursor).await;
        let page = page.map_err(Problem::unavailable)?;
        let show = |job| JobResource::new(job, &self.links, &self.tokens.download_token(&job.id));
        let data = page.jobs.iter().map(show).collect();
        let next_cursor = page.next.map(|cursor| cursor.to_string());
        json(StatusCode::OK, &Page { data, next_cursor })
    }
}

fn limit(text: Option<&str>) -> Result<usize, InvalidField> {
    let Some(text) = text else { return Ok(limits::PAGE_DEFAULT) };
    let limit = text.parse().ok().filter(|limit| (1..=limits::PAGE_MAXIMUM).contains(limit));
    limit.ok_or_else(|| {
        InvalidField::new("limit", format!("must be a number from 1 to {}", limits::PAGE_MAXIMUM))
    })
}
