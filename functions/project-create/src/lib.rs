//! `POST /v1/projects`: creates a project. The project, its plan and its first step are saved in
//! one transaction without a read before it; the table's stream starts the work.

mod body;

use creation::Rules;
use domain::links::Links;
use domain::project::resource::ProjectLinks;
use domain::{
    Caller, JobId, JobKind, JobStatus, ProjectId, ProjectStatus, SceneId, Scope, Step, Timestamp,
};
use http::StatusCode;
use providers::registry;
use runtime::http::{ApiLinks, HttpFunction, Request, Response, json};
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
    links: ApiLinks,
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

impl Accepted {
    fn new(id: ProjectId, scenes: u16, links: &Links) -> Self {
        let scene = |scene_id| AcceptedScene {
            scene_id,
            status: JobStatus::Pending,
            video_job_id: Step::video(id.clone(), scene_id).job_id(),
            last_frame_job_id: Step::last_frame(id.clone(), scene_id).job_id(),
        };
        Self {
            status: ProjectStatus::Processing,
            message: "Project accepted; its first scene is queued",
            scenes: SceneId::all(scenes).map(scene).collect(),
            links: ProjectLinks::new(links.project(&id)),
            project_id: id,
        }
    }
}

impl HttpFunction for ProjectCreate {
    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        Ok(Self {
            store: Store::new(&context.aws, environment.required("TABLE_NAME")?),
            rules: Rules::read(environment)?,
            links: ApiLinks::new(environment.get("API_BASE_URL")),
            not_configured: KINDS
                .into_iter()
                .find(|kind| !registry::is_configured(*kind, |name| environment.get(name))),
            ids: environment.secret_key("SIGNING_KEY", IdempotencyIds::new)?,
            clock: context.clock.clone(),
        })
    }

    async fn handle(&self, request: Request) -> Result<Response, Problem> {
        let caller = request.caller(Scope::JobsWrite)?;
        let links = self.links.of(&request)?;
        let key = request.idempotency_key()?;
        let now = self.clock.now();
        let body = Body::read(&request, &self.rules, now)?;
        if let Some(kind) = self.not_configured {
            return Err(Problem::no_provider(kind.as_str()));
        }
        let id = self.create(&caller, key, &body, now).await?;
        json(StatusCode::ACCEPTED, &Accepted::new(id, body.plan.count(), &links))
    }
}

impl ProjectCreate {
    /// Saves the project under the id that its idempotency key stands for, or under a new one.
    async fn create(
        &self,
        caller: &Caller,
        key: Option<&str>,
        body: &Body,
        at: Timestamp,
    ) -> Result<ProjectId, Problem> {
        let owner = &caller.owner;
        let before = async |generation| {
            let Some(key) = key else { return Ok(None) };
            let id = ProjectId::unkeyed(owner, key, generation);
            let first =
                self.store.find_project_itself(owner, &id).await.map_err(Problem::unavailable)?;
            Ok(first.map(|first| (id, first.keyed())))
        };
        if let Some(id) = idempotency::made_before(&body.keyed, before).await? {
            return Ok(id);
        }
        let create = async |generation| {
            let new = || ProjectId::new(at, random::bytes());
            let id = key.map_or_else(new, |key| self.ids.project(owner, key, generation));
            let project = body.project(id.clone(), caller, at);
            let created = self.store.create_project(&project, &body.plan).await;
            match created.map_err(Problem::unavailable)? {
                Created::New => Ok((id, None)),
                Created::Exists(first) if first.owner == *owner => Ok((id, Some(first.keyed()))),
                Created::Exists(_) => Err(Problem::unavailable("a random id came twice")),
            }
        };
        idempotency::create_once(&body.keyed, create).await
    }
}
