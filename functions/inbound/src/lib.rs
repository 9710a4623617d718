//! `/v1/inbound…`: the webhooks that providers sent about an owner's jobs, and their replay.

mod resource;

use domain::{Caller, Job, OwnerId, Scope};
use http::StatusCode;
use intake::{Intake, ReplayError};
use runtime::http::{self as answer, HttpFunction, Request, Response, json};
use runtime::{Clock, Context, Problem, StartError};
use store::{Inbound as Kept, InboundCursor, InboundFilter, Store};

pub use resource::InboundResource;

/// The function.
#[derive(Debug)]
pub struct Inbound {
    store: Store,
    intake: Intake,
    clock: Clock,
}

impl HttpFunction for Inbound {
    fn new(context: &Context) -> Result<Self, StartError> {
        let table = context.environment.required("TABLE_NAME")?;
        let store = Store::new(&context.aws, table);
        Ok(Self { intake: Intake::new(store.clone()), store, clock: context.clock.clone() })
    }

    async fn handle(&self, request: Request) -> Result<Response, Problem> {
        let Caller { owner, .. } = request.caller(Scope::Webhooks)?;
        match request.route() {
            "GET /v1/inbound" => self.list(&owner, &request).await,
            "POST /v1/inbound/{inbound_id}/replay" => self.replay(&owner, &request).await,
            _ => Err(Problem::not_found("There is no such route.")),
        }
    }
}

impl Inbound {
    async fn list(&self, owner: &OwnerId, request: &Request) -> Result<Response, Problem> {
        let filter = InboundFilter {
            outcome: request.parsed_query("status")?,
            job_id: request.parsed_query("job_id")?,
            project_id: request.parsed_query("project_id")?,
        };
        let cursor: InboundCursor = request.parsed_query("cursor")?.unwrap_or_default();
        cursor.check(&filter)?;
        let page = self.store.list_inbound(owner, &filter, request.page_limit()?, cursor).await;
        let page = page.map_err(Problem::unavailable)?;
        let data: Vec<_> = page.items.iter().map(InboundResource::from).collect();
        answer::page(&data, page.next)
    }

    /// Acts once more on a webhook, as if it were received now.
    async fn replay(&self, owner: &OwnerId, request: &Request) -> Result<Response, Problem> {
        let id = request.path_id("inbound_id", "webhook")?;
        let kept = self.store.inbound(&id).await.map_err(Problem::unavailable)?;
        let kept = kept.ok_or_else(unknown)?;
        self.check_owner(owner, &kept).await?;
        let now = self.clock.now();
        let outcome = self.intake.replay(&kept, now).await.map_err(|error| match error {
            ReplayError::Unreadable(field) => Problem::from(field),
            ReplayError::Store(error) => Problem::unavailable(error),
        })?;
        let recorded = self.store.record_inbound_replay(&id, outcome, now).await;
        recorded.map_err(Problem::unavailable)?;
        let replayed = Kept { outcome, replayed_at: Some(now), ..kept };
        json(StatusCode::OK, &InboundResource::from(&replayed))
    }

    async fn check_owner(&self, owner: &OwnerId, kept: &Kept) -> Result<Job, Problem> {
        let job = self.store.find_job(owner, &kept.id.job_id).await;
        job.map_err(Problem::unavailable)?.ok_or_else(unknown)
    }
}

fn unknown() -> Problem {
    Problem::not_found("There is no such webhook.")
}
