//! `GET /v1/models/{model_id}`: a model with its last trainings; `GET /v1/models`: an owner's models,
//! newest first.

use domain::links::Links;
use domain::model_resource::ModelResource;
use domain::{ModelId, OwnerId, Scope};
use http::StatusCode;
use runtime::http::{self as answer, HttpFunction, Request, Response, json};
use runtime::{Context, Problem, StartError};
use store::Store;

/// The function.
#[derive(Debug)]
pub struct Models {
    store: Store,
    links: Links,
}

impl HttpFunction for Models {
    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        Ok(Self {
            store: Store::new(&context.aws, environment.required("TABLE_NAME")?),
            links: Links::new(environment.required("API_BASE_URL")?),
        })
    }

    async fn handle(&self, request: Request) -> Result<Response, Problem> {
        let owner = request.caller(Scope::JobsRead)?.owner;
        match request.route() {
            "GET /v1/models" => self.list(&owner, &request).await,
            _ => self.show(&owner, &request.path_id("model_id", "model")?).await,
        }
    }
}

impl Models {
    async fn show(&self, owner: &OwnerId, id: &ModelId) -> Result<Response, Problem> {
        let found = self.store.find_model(owner, id).await.map_err(Problem::unavailable)?;
        let (model, jobs) = found.ok_or_else(|| Problem::not_found("There is no such model."))?;
        json(StatusCode::OK, &ModelResource::with_trainings(&model, &jobs, &self.links))
    }

    async fn list(&self, owner: &OwnerId, request: &Request) -> Result<Response, Problem> {
        let limit = request.page_limit()?;
        let cursor = request.parsed_query("cursor")?;
        let page = self.store.list_models(owner, limit, cursor).await;
        let page = page.map_err(Problem::unavailable)?;
        let show = |model| ModelResource::listed(model, &self.links);
        let data: Vec<_> = page.items.iter().map(show).collect();
        answer::page(&data, page.next)
    }
}
