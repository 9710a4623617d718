//! `GET /v1/projects/{project_id}`: a project with the status of each scene, read by one Query;
//! `GET /v1/projects`: an owner's projects, newest first.

use domain::links::Links;
use domain::project::resource::ProjectResource;
use domain::project::summary::ProjectSummary;
use domain::{JobId, OwnerId, Project, ProjectId, Scope};
use http::StatusCode;
use runtime::http::{self as answer, ApiLinks, HttpFunction, Request, Response, Result, json};
use runtime::{Context, Problem, StartError};
use signing::token::TokenKey;
use store::Store;

/// The function.
#[derive(Debug)]
pub struct ProjectGet {
    store: Store,
    links: ApiLinks,
    tokens: TokenKey,
}

impl HttpFunction for ProjectGet {
    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        Ok(Self {
            store: Store::new(&context.aws, environment.required("TABLE_NAME")?),
            links: ApiLinks::new(environment.get("API_BASE_URL")),
            tokens: environment.secret_key("SIGNING_KEY", TokenKey::new)?,
        })
    }

    async fn handle(&self, request: Request) -> Result<Response> {
        let owner = request.caller(Scope::JobsRead)?.owner;
        let links = self.links.of(&request)?;
        match request.route() {
            "GET /v1/projects" => self.list(&owner, &request, &links).await,
            _ => self.show(&owner, &request.path_id("project_id", "project")?, &links).await,
        }
    }
}

impl ProjectGet {
    async fn show(&self, owner: &OwnerId, id: &ProjectId, links: &Links) -> Result<Response> {
        let found = self.store.find_project(owner, id).await.map_err(Problem::unavailable)?;
        let whole = found.ok_or_else(|| Problem::not_found("There is no such project."))?;
        let link = |job: &JobId, name: &str| self.file(links, job, name);
        let page = links.project(id);
        let shown = ProjectResource::new(&whole.project, &whole.plan, &whole.jobs, page, &link);
        json(StatusCode::OK, &shown)
    }

    async fn list(&self, owner: &OwnerId, request: &Request, links: &Links) -> Result<Response> {
        let status = request.parsed_query("status")?;
        let limit = request.page_limit()?;
        let cursor = request.parsed_query("cursor")?;
        let page = self.store.list_projects(owner, status, limit, cursor).await;
        let page = page.map_err(Problem::unavailable)?;
        let link = |job: &JobId, name: &str| self.file(links, job, name);
        let show =
            |project: &Project| ProjectSummary::new(project, links.project(&project.id), &link);
        let data: Vec<_> = page.items.iter().map(show).collect();
        answer::page(&data, page.next)
    }

    fn file(&self, links: &Links, job: &JobId, name: &str) -> String {
        links.download(job, name, &self.tokens.download_token(job))
    }
}
