//! `POST /v1/projects`: creates a project. The project, its plan and its first step are saved in
//! one transaction without a read before it; the table's stream starts the work.

mod body;

use domain::links::Links;
use domain::project::resource::ProjectLinks;
use domain::{
    Caller, JobId, JobKind, JobStatus, Project, ProjectId, ProjectStatus, SceneId, Scope, Step,
    Timestamp, limits,
};
use http::StatusCode;
use outbound::Guard;
use providers::registry;
use runtime::http::{HttpFunction, Request, Response, json};
use runtime::{Clock, Context, Problem, StartError, random};
use serde::Serialize;
use store::{ProjectCreated, Store};

use crate::body::Body;

/// What the steps of a project make.
const KINDS: [JobKind; 3] = [JobKind::SceneVideo, JobKind::LastFrame, JobKind::Stitch];

/// The function.
#[derive(Debug)]
pub struct ProjectCreate {
    store: Store,
    guard: Guard,
    links: Links,
    not_configured: Option<JobKind>,
    clock: Clock,
}

/// The response: the ids of the scenes and their jobs, and links.
#[derive(Debug, Serialize)]
struct Accepted {
    project_id: ProjectId,
    status: ProjectStatus,
    message: &'static str,
    scenes: Vec<AcceptedScene>,
    links: ProjectLinks,
}

#[derive(Debug, Serialize)]
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
            guard: Guard {
                allow_loopback: environment.parsed("OUTBOUND_ALLOW_LOOPBACK", false)?,
                allowed_hosts: None,
            },
            links: Links::new(environment.required("API_BASE_URL")?),
            not_configured: KINDS
                .into_iter()
                .find(|kind| !registry::is_configured(*kind, |name| environment.get(name))),
            clock: context.clock.clone(),
        })
    }

    async fn handle(&self, request: Request) -> Result<Response, Problem> {
        let caller = request.caller(Scope::JobsWrite)?;
        let key = request.idempotency_key()?;
        let body = Body::read(&request, &self.guard)?;
        if let Some(kind) = self.not_configured {
            return Err(Problem::no_provider(kind.as_str()));
        }
        let id = match key {
            Some(key) => self.create_once(&caller, key, &body).await?,
            None => self.create(&caller, &body).await?,
        };
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

    async fn create(&self, caller: &Caller, body: &Body) -> Result<ProjectId, Problem> {
        let now = self.clock.now();
        let id = ProjectId::new(now, random::bytes());
        match self.save(&body.project(id.clone(), caller, now), body).await? {
            ProjectCreated::New => Ok(id),
            // The SDK has retried the write after its first answer was lost.
            ProjectCreated::Exists(first) if first.owner == caller.owner => Ok(id),
            ProjectCreated::Exists(_) => Err(Problem::unavailable("a random id is taken")),
        }
    }

    /// The id is derived from the idempotency key, so the write that finds it taken returns the
    /// first request's project. Keys are not stored.
    async fn create_once(
        &self,
        caller: &Caller,
        key: &str,
        body: &Body,
    ) -> Result<ProjectId, Problem> {
        let now = self.clock.now();
        for generation in 0.. {
            let id = ProjectId::for_idempotency_key(&caller.owner, key, generation);
            let mut project = body.project(id.clone(), caller, now);
            project.request_sha256 = Some(body.sha256.clone());
            match self.save(&project, body).await? {
                ProjectCreated::New => return Ok(id),
                ProjectCreated::Exists(first) if ran_out(&first, now) => {}
                ProjectCreated::Exists(first) if first.request_sha256 == project.request_sha256 => {
                    return Ok(id);
                }
                ProjectCreated::Exists(_) => return Err(Problem::key_reused()),
            }
        }
        Err(Problem::unavailable("an idempotency key has no generation left"))
    }

    async fn save(&self, project: &Project, body: &Body) -> Result<ProjectCreated, Problem> {
        self.store.create_project(project, &body.plan).await.map_err(Problem::unavailable)
    }
}

fn ran_out(first: &Project, now: Timestamp) -> bool {
    now.since(first.created_at) >= limits::IDEMPOTENCY_WINDOW
}
