//! `GET /v1/jobs/{job_id}/timeline` and `GET /v1/projects/{project_id}/timeline`: what happened,
//! step by step, with what there is to show for it. Nothing is written for it: it is put together
//! from the job, the webhooks that were kept, and the deliveries.

mod told;

use domain::timeline::{Timeline as Entries, WebhookIn};
use domain::{JobId, OwnerId, ProjectId, Scope, Step};
use futures::future::try_join_all;
use runtime::http::{self as answer, HttpFunction, Request, Response};
use runtime::{Context, Problem, StartError};
use serde_json::json;
use store::{Inbound, Store};

/// How many steps' webhooks are read at a time.
const AT_A_TIME: usize = 8;

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
        // Of a step nobody is told but of its project's end.
        if Step::of(id).is_none() {
            let endpoints = self.store.endpoints(owner).await.map_err(Problem::unavailable)?;
            self.add_deliveries(owner, &told::of_job(&job, &endpoints), &mut entries).await?;
        }
        Ok(entries)
    }

    async fn of_project(&self, owner: &OwnerId, id: &ProjectId) -> Result<Entries, Problem> {
        let found = self.store.find_project(owner, id).await.map_err(Problem::unavailable)?;
        let whole = found.ok_or_else(|| Problem::not_found("There is no such project."))?;
        let mut entries = Entries::default();
        entries.project(&whole.project);
        let steps = Step::all(id, whole.project.scenes).map(|step| step.job_id());
        let jobs: Vec<_> = steps.filter_map(|id| whole.jobs.get(&id)).collect();
        for job in &jobs {
            entries.job(job);
        }
        for some in jobs.chunks(AT_A_TIME) {
            let reads = try_join_all(some.iter().map(|job| self.store.webhooks_about(&job.id)));
            for inbound in reads.await.map_err(Problem::unavailable)?.into_iter().flatten() {
                entries.webhook(webhook(inbound));
            }
        }
        let endpoints = self.store.endpoints(owner).await.map_err(Problem::unavailable)?;
        let told = told::of_project(&whole.project, &endpoints);
        self.add_deliveries(owner, &told, &mut entries).await?;
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

fn webhook(inbound: Inbound) -> WebhookIn {
    WebhookIn {
        inbound_id: inbound.id,
        provider: inbound.provider,
        outcome: json!(inbound.outcome),
        attempt: inbound.attempt,
        provider_task: inbound.task,
        replayed_at: inbound.replayed_at,
    }
}
