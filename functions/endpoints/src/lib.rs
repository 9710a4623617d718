//! `/v1/endpoints…`: an owner's webhook endpoints, and `/v1/webhook-secret…`: the secret that signs
//! webhooks to the URLs of single jobs.

mod body;
mod create;
mod recover;
mod secret;
mod test_event;

pub use create::Created;
pub use recover::Recovery;
pub use secret::Secrets;
pub use test_event::{AcceptedTest, TestData};

use domain::endpoint::{Endpoint, EndpointStatus};
use domain::endpoint_resource::EndpointResource;
use domain::{Caller, EndpointId, InvalidField, OwnerId, Scope, Secret, webhook};
use http::StatusCode;
use outbound::{Guard, Ports};
use runtime::http::{self as answer, HttpFunction, Request, Response, json};
use runtime::{Clock, Context, Problem, ProblemCode, StartError};
use signing::IdempotencyIds;
use store::{CircuitKey, Store};

/// The function.
#[derive(Debug)]
pub struct Endpoints {
    store: Store,
    guard: Guard,
    ids: IdempotencyIds,
    master: Secret,
    clock: Clock,
}

impl HttpFunction for Endpoints {
    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        Ok(Self {
            store: Store::new(&context.aws, environment.required("TABLE_NAME")?),
            guard: Guard {
                allow_loopback: environment.parsed("OUTBOUND_ALLOW_LOOPBACK", false)?,
                refused_ports: environment.parsed("OUTBOUND_REFUSED_PORTS", Ports::default())?,
                allowed_hosts: None,
                private_hosts: Vec::new(),
            },
            ids: environment.secret_key("SIGNING_KEY", IdempotencyIds::new)?,
            master: environment.required_secret("SIGNING_KEY")?,
            clock: context.clock.clone(),
        })
    }

    async fn handle(&self, request: Request) -> Result<Response, Problem> {
        let Caller { owner, .. } = request.caller(Scope::Webhooks)?;
        match request.route() {
            "POST /v1/endpoints" => self.create(&owner, &request).await,
            "GET /v1/endpoints" => self.list(&owner, &request).await,
            "GET /v1/endpoints/{endpoint_id}" => {
                json(StatusCode::OK, &EndpointResource::from(&self.named(&owner, &request).await?))
            }
            "PATCH /v1/endpoints/{endpoint_id}" => self.change(&owner, &request).await,
            "DELETE /v1/endpoints/{endpoint_id}" => self.delete(&owner, &request).await,
            "GET /v1/endpoints/{endpoint_id}/secret" => self.secret(&owner, &request).await,
            "POST /v1/endpoints/{endpoint_id}/rotate-secret" => {
                self.rotate_secret(&owner, &request).await
            }
            "POST /v1/endpoints/{endpoint_id}/test" => self.test(&owner, &request).await,
            "POST /v1/endpoints/{endpoint_id}/recover" => self.recover(&owner, &request).await,
            "GET /v1/webhook-secret" => self.owner_secret(&owner).await,
            "POST /v1/webhook-secret/rotate" => self.rotate_owner_secret(&owner, &request).await,
            _ => Err(Problem::not_found("There is no such route.")),
        }
    }
}

impl Endpoints {
    /// The newest first. All of them are read, since there are few; the page is cut out here.
    async fn list(&self, owner: &OwnerId, request: &Request) -> Result<Response, Problem> {
        let limit = request.page_limit()?;
        let after = request.query("cursor").map(str::parse::<EndpointId>).transpose();
        let after =
            after.map_err(|_| InvalidField::new("cursor", "must be a next_cursor of this list"))?;
        let mut endpoints = self.store.endpoints(owner).await.map_err(Problem::unavailable)?;
        endpoints.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
        let start = after.map_or(0, |after| {
            endpoints.iter().position(|one| one.id == after).map_or(endpoints.len(), |at| at + 1)
        });
        let rest = endpoints.get(start..).unwrap_or_default();
        let shown = rest.get(..limit).unwrap_or(rest);
        let next = shown.last().filter(|_| shown.len() < rest.len()).map(|last| &last.id);
        let data: Vec<_> = shown.iter().map(EndpointResource::from).collect();
        answer::page(&data, next)
    }

    async fn change(&self, owner: &OwnerId, request: &Request) -> Result<Response, Problem> {
        let id = named_id(request)?;
        let now = self.clock.now();
        let change = body::change(request, &self.guard, now)?;
        if change.status == Some(EndpointStatus::Enabled) {
            let known = self.named(owner, request).await?;
            // First, so that earlier failures do not disable it again. An endpoint that is enabled
            // keeps its circuit: a client that sets all members does not send past it.
            if known.status != EndpointStatus::Enabled {
                let url = change.url.as_ref().unwrap_or(&known.url);
                let destination = webhook::destination(url);
                let key = CircuitKey::Destination(owner, &destination);
                self.store.reset_circuit(key).await.map_err(Problem::unavailable)?;
            }
        }
        let changed = self.store.change_endpoint(owner, &id, &change, now).await;
        let endpoint = changed.map_err(Problem::unavailable)?.ok_or_else(unknown)?;
        json(StatusCode::OK, &EndpointResource::from(&endpoint))
    }

    async fn delete(&self, owner: &OwnerId, request: &Request) -> Result<Response, Problem> {
        let id = named_id(request)?;
        let deleted = self.store.delete_endpoint(owner, &id, self.clock.now()).await;
        if deleted.map_err(Problem::unavailable)? {
            Ok(answer::no_content())
        } else {
            Err(unknown())
        }
    }

    /// The owner's endpoint that the path names.
    async fn named(&self, owner: &OwnerId, request: &Request) -> Result<Endpoint, Problem> {
        let found = self.store.endpoint(owner, &named_id(request)?).await;
        found.map_err(Problem::unavailable)?.ok_or_else(unknown)
    }

    /// The same, if it is enabled.
    async fn enabled(&self, owner: &OwnerId, request: &Request) -> Result<Endpoint, Problem> {
        let endpoint = self.named(owner, request).await?;
        match endpoint.status {
            EndpointStatus::Enabled => Ok(endpoint),
            EndpointStatus::Disabled { .. } => Err(Problem::conflict(
                ProblemCode::EndpointDisabled,
                "The endpoint is disabled. Set its status to enabled first.",
            )),
        }
    }
}

fn named_id(request: &Request) -> Result<EndpointId, Problem> {
    request.path_id("endpoint_id", "endpoint")
}

fn unknown() -> Problem {
    Problem::not_found("There is no such endpoint.")
}
