//! `GET /v1/webhook-secret`: the secret by which an owner knows our webhooks.

use domain::{Scope, Secret};
use http::StatusCode;
use runtime::http::{HttpFunction, Request, Response, json};
use runtime::{Context, Problem, StartError};
use serde_json::json as object;
use signing::webhook_secret::{FIRST_VERSION, webhook_secret};

/// The function.
#[derive(Debug)]
pub struct Endpoints {
    master: Secret,
}

impl HttpFunction for Endpoints {
    fn new(context: &Context) -> Result<Self, StartError> {
        Ok(Self { master: context.environment.required_secret("SIGNING_KEY")? })
    }

    async fn handle(&self, request: Request) -> Result<Response, Problem> {
        let caller = request.caller(Scope::Webhooks)?;
        let secret = webhook_secret(&self.master, &caller.owner, FIRST_VERSION);
        let secret = secret.map_err(Problem::unavailable)?;
        json(StatusCode::OK, &object!({ "secret": secret.expose() }))
    }
}
