//! `POST /v1/projects`: creates a project. The project, its plan and its first step are saved in
//! one transaction without a read before it; the table's stream starts the work.

mod body;

use creation::Rules;
use domain::idempotency::KeyedRequest;
use domain::links::Links;
use domain::project::resource::ProjectLinks;
use domain::{
    Caller, JobId, JobKind, JobStatus, ProjectId, ProjectStatus, SceneId, Scope, Step, Timestamp,
};
use http::StatusCode;
use providers::registry;
use runtime::http::{HttpFunction, Request, Response, json};
use runtime::{Clock, Context, Problem, StartError, idempotency, random};
use serde::Serialize;
use signing::IdempotencyIds;
use store::{Created, Store};

use crate::body::Body;

/// What the steps of a project make.
const KINDS: [JobKind; 3] = [JobKind::SceneVideo, JobKind::LastFrame, JobKind::Stitch];

/// The function.
#[derive(Debug)]
pub struct ProjectCreate {
    store: Store,
    rules: Rules,
    links: Links,
    not_configured: Option<JobKind>,
    ids: IdempotencyIds,
    clock: Clock,
}

/// The project that was created, with its scenes and their jobs.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "AcceptedProject"))]
pub struct Accepted {
    project_id: ProjectId,
    status: ProjectStatus,
    message: &'static str,
    scenes: Vec<AcceptedScene>,
    links: ProjectLinks,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct AcceptedScene {
    scene_id: SceneId,
    status: JobStatus,
    video_job_id: JobId,
    last_frame_job_id: JobId,
}

impl HttpFunction for ProjectCreate {
    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        Ok(Self {
            store: Store::new(&context.aws, environment.required("TABLE_NAME")?),
            rules: Rules::read(environment)?,
            links: Links::new(environment.required("API_BASE_URL")?),
            not_configured: KINDS
                .into_iter()
                .find(|kind| !registry::is_configured(*kind, |name| environment.get(name))),
            ids: environment.secret_key("SIGNING_KEY", IdempotencyIds::new)?,
            clock: context.clock.clone(),
        })
    }

    async fn handle(&self, request: Request) -> Result<Response, Problem> {
        let caller = request.caller(Scope::JobsWrite)?;
        let key = request.idempotency_key()?;
        let now = self.clock.now();
        let body = Body::read(&request, &self.rules, now)?;
        if let Some(kind) = self.not_configured {
            return Err(Problem::no_provider(kind.as_str()));
        }
        let id = self.create(&caller, key, &body, now).await?;
        json(StatusCode::ACCEPTED, &self.accepted(id, body.plan.count()))
    }
}

impl ProjectCreate {
    fn accepted(&self, id: ProjectId, scenes: u16) -> Accepted {
        let scene = |scene_id| AcceptedScene {
            scene_id,
            status: JobStatus::Pending,
            video_job_id: Step::video(id.clone(), scene_id).job_id(),
            last_frame_job_id: Step::last_frame(id.clone(), scene_id).job_id(),
        };
        Accepted {
            status: ProjectStatus::Processing,
            message: "Project accepted; its first scene is queued",
            scenes: SceneId::all(scenes).map(scene).collect(),
            links: ProjectLinks::new(self.links.project(&id)),
            project_id: id,
        }
    }

    /// Saves the project under the id that its idempotency key stands for, or under a new one.
    async fn create(
        &self,
        caller: &Caller,
        key: Option<&str>,
        body: &Body,
        at: Timestamp,
    ) -> Result<ProjectId, Problem> {
        let create = |generation| {
            let new = || ProjectId::new(at, random::bytes());
            let keyed = |key| self.ids.project(&caller.owner, key, generation);
            let id = key.map_or_else(new, keyed);
            async move {
                let project = body.project(id.clone(), caller, at);
                let created = self.store.create_project(&project, &body.plan).await;
                match created.map_err(Problem::unavailable)? {
                    Created::New => Ok((id, None)),
                    Created::Exists(first) if first.owner == caller.owner => {
                        let (sha256, at) = (first.request_sha256, first.created_at);
                        Ok((id, Some(KeyedRequest { sha256, as_sent: None, at })))
                    }
                    Created::Exists(_) => Err(Problem::unavailable("a random id came twice")),
                }
            }
        };
        if let Some(key) = key {
            let find = async |generation| self.made_before(caller, key, generation).await;
            if let Some(id) = idempotency::made_before(&body.keyed, find).await? {
                return Ok(id);
            }
        }
        idempotency::create_once(&body.keyed, create).await
    }

    async fn made_before(
        &self,
        caller: &Caller,
        key: &str,
        generation: u32,
    ) -> Result<Option<(ProjectId, KeyedRequest)>, Problem> {
        let id = ProjectId::unkeyed(&caller.owner, key, generation);
        let first = self
            .store
            .find_project_itself(&caller.owner, &id)
            .await
            .map_err(Problem::unavailable)?;
        Ok(first.map(|first| {
            let (sha256, at) = (first.request_sha256, first.created_at);
            (id, KeyedRequest { sha256, as_sent: None, at })
        }))
    }
}
