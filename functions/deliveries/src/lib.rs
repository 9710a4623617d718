//! `/v1/deliveries…`: an owner's webhooks with their attempts, and replays.

use domain::delivery::Delivery;
use domain::delivery_resource::DeliveryResource;
use domain::{Caller, MessageId, OwnerId, Scope};
use http::StatusCode;
use runtime::http::{self as answer, HttpFunction, Request, Response, json};
use runtime::{Clock, Context, Problem, StartError};
use store::{DeliveryFilter, Replayed, Store};

/// The function.
#[derive(Debug)]
pub struct Deliveries {
    store: Store,
    clock: Clock,
}

impl HttpFunction for Deliveries {
    fn new(context: &Context) -> Result<Self, StartError> {
        let table = context.environment.required("TABLE_NAME")?;
        Ok(Self { store: Store::new(&context.aws, table), clock: context.clock.clone() })
    }

    async fn handle(&self, request: Request) -> Result<Response, Problem> {
        let Caller { owner, .. } = request.caller(Scope::Webhooks)?;
        match request.route() {
            "GET /v1/deliveries" => self.list(&owner, &request).await,
            "GET /v1/deliveries/{delivery_id}" => self.show(&owner, &request).await,
            "POST /v1/deliveries/{delivery_id}/replay" => self.replay(&owner, &request).await,
            _ => Err(Problem::not_found("There is no such route.")),
        }
    }
}

impl Deliveries {
    async fn list(&self, owner: &OwnerId, request: &Request) -> Result<Response, Problem> {
        let filter = DeliveryFilter {
            endpoint: request.parsed_query("endpoint")?,
            statuses: request.parsed_query("status")?.into_iter().collect(),
            since: None,
        };
        let (limit, cursor) = (request.page_limit()?, request.parsed_query("cursor")?);
        let page = self.store.list_deliveries(owner, &filter, limit, cursor).await;
        let page = page.map_err(Problem::unavailable)?;
        let data: Vec<_> = page.items.iter().map(DeliveryResource::brief).collect();
        answer::page(&data, page.next)
    }

    async fn show(&self, owner: &OwnerId, request: &Request) -> Result<Response, Problem> {
        let found = self.store.find_delivery(owner, &named(request)?).await;
        let delivery = found.map_err(Problem::unavailable)?.ok_or_else(unknown)?;
        json(StatusCode::OK, &DeliveryResource::whole(&delivery))
    }

    /// Sends the delivery again, under the same id. One that is pending, or that the same request
    /// has replayed before, stays as it is.
    async fn replay(&self, owner: &OwnerId, request: &Request) -> Result<Response, Problem> {
        let (id, mark) = (named(request)?, request.mark()?);
        let replayed = self.store.replay_delivery(owner, &id, mark.as_deref(), self.clock.now());
        let delivery: Box<Delivery> = match replayed.await.map_err(Problem::unavailable)? {
            Replayed::Done(delivery) | Replayed::Pending(delivery) => delivery,
            Replayed::Erased => {
                let detail = "What this webhook said was erased with its job or project, so it \
                              cannot be sent again.";
                return Err(Problem::gone(detail));
            }
            Replayed::Unknown => return Err(unknown()),
        };
        json(StatusCode::ACCEPTED, &DeliveryResource::whole(&delivery))
    }
}

fn named(request: &Request) -> Result<MessageId, Problem> {
    request.path_id("delivery_id", "delivery")
}

fn unknown() -> Problem {
    Problem::not_found("There is no such delivery.")
}
