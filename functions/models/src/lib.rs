//! `GET /v1/models/{model_id}`: a model with its last trainings; `GET /v1/models`: an owner's models,
//! newest first.

use domain::links::Links;
use domain::model_resource::ModelResource;
use domain::{ModelId, OwnerId, Scope};
use http::StatusCode;
use runtime::http::{self as answer, ApiLinks, HttpFunction, Request, Response, Result, json};
use runtime::{Context, Problem, StartError};
use store::Store;

/// The function.
#[derive(Debug)]
pub struct Models {
    store: Store,
    links: ApiLinks,
}

impl HttpFunction for Models {
    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        Ok(Self {
            store: Store::new(&context.aws, environment.required("TABLE_NAME")?),
            links: ApiLinks::new(environment.get("API_BASE_URL")),
        })
    }

    async fn handle(&self, request: Request) -> Result<Response> {
        let owner = request.caller(Scope::JobsRead)?.owner;
        let links = self.links.of(&request)?;
        match request.route() {
            "GET /v1/models" => self.list(&owner, &request, &links).await,
            _ => self.show(&owner, &request.path_id("model_id", "model")?, &links).await,
        }
    }
}

impl Models {
    async fn show(&self, owner: &OwnerId, id: &ModelId, links: &Links) -> Result<Response> {
        let found = self.store.find_model(owner, id).await.map_err(Problem::unavailable)?;
        let (model, jobs) = found.ok_or_else(|| Problem::not_found("There is no such model."))?;
        json(StatusCode::OK, &ModelResource::with_trainings(&model, &jobs, links))
    }

    async fn list(&self, owner: &OwnerId, request: &Request, links: &Links) -> Result<Response> {
        let limit = request.page_limit()?;
        let cursor = request.parsed_query("cursor")?;
        let page = self.store.list_models(owner, limit, cursor).await;
        let page = page.map_err(Problem::unavailable)?;
        let show = |model| ModelResource::listed(model, links);
        let data: Vec<_> = page.items.iter().map(show).collect();
        answer::page(&data, page.next)
    }
}
