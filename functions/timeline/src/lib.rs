//! `GET /v1/jobs/{job_id}/timeline` and `GET /v1/projects/{project_id}/timeline`: the events of a
//! job or project with their evidence, assembled from its jobs, the stored inbound webhooks and the
//! deliveries. It writes nothing.

use domain::delivery_ids;
use domain::timeline::{InboundWebhook, Timeline as Entries};
use domain::webhook::Receiver;
use domain::{JobId, OwnerId, ProjectId, Scope, Step};
use futures::future::try_join_all;
use runtime::http::{self as answer, HttpFunction, Request, Response};
use runtime::{Context, Problem, StartError};
use serde_json::json;
use store::{Inbound, Store};

/// How many of a project's last revisions a timeline shows webhooks of.
const REVISIONS: u32 = 10;
/// Number of steps whose webhooks are read concurrently.
const CONCURRENCY: usize = 8;

/// The function.
#[derive(Debug)]
pub struct Timeline {
    store: Store,
}

impl HttpFunction for Timeline {
    fn new(context: &Context) -> Result<Self, StartError> {
        Ok(Self { store: Store::new(&context.aws, context.environment.required("TABLE_NAME")?) })
    }

    async fn handle(&self, request: Request) -> Result<Response, Problem> {
        let owner = request.caller(Scope::JobsRead)?.owner;
        let entries = match request.route() {
            "GET /v1/projects/{project_id}/timeline" => {
                self.of_project(&owner, &request.path_id("project_id", "project")?).await?
            }
            _ => self.of_job(&owner, &request.job_id()?).await?,
        };
        answer::page(&entries.entries(), None::<&str>)
    }
}

impl Timeline {
    async fn of_job(&self, owner: &OwnerId, id: &JobId) -> Result<Entries, Problem> {
        let found = self.store.find_job(owner, id).await.map_err(Problem::unavailable)?;
        let job = found.ok_or_else(|| Problem::not_found("There is no such job."))?;
        let mut entries = Entries::default();
        entries.job(&job);
        for inbound in self.store.webhooks_about(id).await.map_err(Problem::unavailable)? {
            entries.webhook(webhook(inbound));
        }
        // A step has no webhooks: only its project's end is delivered.
        if Step::of(id).is_none() {
            let endpoints = self.store.endpoints(owner).await.map_err(Problem::unavailable)?;
            let ids = endpoints.into_iter().map(|endpoint| endpoint.id);
            let receivers = delivery_ids::receivers(job.webhook_url.as_ref(), ids);
            let ids = delivery_ids::of_job(&job, &receivers);
            self.add_deliveries(owner, &ids, &mut entries).await?;
        }
        Ok(entries)
    }

    async fn of_project(&self, owner: &OwnerId, id: &ProjectId) -> Result<Entries, Problem> {
        let found = self.store.find_project(owner, id).await.map_err(Problem::unavailable)?;
        let whole = found.ok_or_else(|| Problem::not_found("There is no such project."))?;
        let mut entries = Entries::default();
        entries.project(&whole.project, &whole.plan);
        let steps = Step::all(id, whole.project.scenes).map(|step| step.job_id());
        let jobs: Vec<_> = steps.filter_map(|id| whole.jobs.get(&id)).collect();
        for job in &jobs {
            entries.job(job);
        }
        for chunk in jobs.chunks(CONCURRENCY) {
            let reads = try_join_all(chunk.iter().map(|job| self.store.webhooks_about(&job.id)));
            for inbound in reads.await.map_err(Problem::unavailable)?.into_iter().flatten() {
                entries.webhook(webhook(inbound));
            }
        }
        let endpoints = self.store.endpoints(owner).await.map_err(Problem::unavailable)?;
        let ids = endpoints.into_iter().map(|endpoint| endpoint.id);
        let mut receivers = delivery_ids::receivers(whole.project.webhook_url.as_ref(), ids);
        receivers.push(Receiver::NotificationService);
        let ids = delivery_ids::of_project(&whole.project, REVISIONS, &receivers);
        self.add_deliveries(owner, &ids, &mut entries).await?;
        Ok(entries)
    }

    async fn add_deliveries(
        &self,
        owner: &OwnerId,
        ids: &[domain::MessageId],
        entries: &mut Entries,
    ) -> Result<(), Problem> {
        let found = self.store.deliveries(owner, ids).await.map_err(Problem::unavailable)?;
        for delivery in &found {
            entries.delivery(delivery);
        }
        Ok(())
    }
}

fn webhook(inbound: Inbound) -> InboundWebhook {
    InboundWebhook {
        inbound_id: inbound.id,
        provider: inbound.provider,
        outcome: json!(inbound.outcome),
        attempt: inbound.attempt,
        provider_task: inbound.task,
        replayed_at: inbound.replayed_at.map(Into::into),
    }
}
