//! Changes of a project: `DELETE /v1/projects/{project_id}` cancels it, or erases it with
//! `?purge=true`, `DELETE …/outputs` erases its files, `POST …/resume` continues it
//! after a failed step, `POST …/scenes/{scene_id}/regenerate` regenerates a scene and the steps that
//! depend on it.

mod restart;

use domain::links::Links;
use domain::project::resource::ProjectResource;
use domain::project::restart::{ProjectConflict, may_cancel, may_erase};
use domain::retention::Erasure;
use domain::{JobId, OwnerId, ProjectId, ProjectStatus, Scope, Timestamp};
use http::StatusCode;
use runtime::http::{ApiLinks, HttpFunction, Request, Response, Result, json};
use runtime::{Clock, Context, Problem, ProblemCode, StartError};
use signing::token::TokenKey;
use store::{ProjectChanged, Store, WholeProject};

use crate::restart::Restart;

/// Maximum number of tries, if steps change the project between its read and its write.
const TRIES: usize = 5;

/// The route that erases the files alone.
const OUTPUTS: &str = "DELETE /v1/projects/{project_id}/outputs";

/// The function.
#[derive(Debug)]
pub struct ProjectChange {
    store: Store,
    links: ApiLinks,
    tokens: TokenKey,
    clock: Clock,
}

/// A requested change.
enum Action {
    /// Cancel the project, at that time.
    Cancel(Timestamp),
    /// Erase this of it, at that time.
    Erase(Erasure, Timestamp),
    /// Restart it from one of its steps.
    Restart(Restart),
}

impl HttpFunction for ProjectChange {
    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        Ok(Self {
            store: Store::new(&context.aws, environment.required("TABLE_NAME")?),
            links: ApiLinks::new(environment.get("API_BASE_URL")),
            tokens: environment.secret_key("SIGNING_KEY", TokenKey::new)?,
            clock: context.clock.clone(),
        })
    }

    async fn handle(&self, request: Request) -> Result<Response> {
        let owner = request.caller(Scope::JobsWrite)?.owner;
        let links = self.links.of(&request)?;
        let id = request.path_id("project_id", "project")?;
        let (action, status) = match request.route() {
            "DELETE /v1/projects/{project_id}" | OUTPUTS => {
                let now = self.clock.now();
                let erase = |what| Action::Erase(what, now);
                (request.erasure(OUTPUTS)?.map_or(Action::Cancel(now), erase), StatusCode::OK)
            }
            "POST /v1/projects/{project_id}/resume" => {
                (Action::Restart(self.resume(&request)?), StatusCode::ACCEPTED)
            }
            "POST /v1/projects/{project_id}/scenes/{scene_id}/regenerate" => {
                (Action::Restart(self.regenerate(&request)?), StatusCode::ACCEPTED)
            }
            _ => return Err(Problem::not_found("There is no such route.")),
        };
        self.change(&owner, &id, &action).await?;
        self.respond(status, &owner, &id, &links).await
    }
}

impl ProjectChange {
    /// Changes the owner's project `id`. On a conflict it is read again.
    async fn change(&self, owner: &OwnerId, id: &ProjectId, action: &Action) -> Result<()> {
        for _ in 0..TRIES {
            let whole = self.find(owner, id).await?;
            let changed = match action {
                Action::Cancel(_) if whole.project.status == ProjectStatus::Cancelled => {
                    return Ok(());
                }
                Action::Cancel(at) => {
                    may_cancel(&whole.project, &whole.jobs).map_err(|error| problem(&error))?;
                    self.store.cancel_project(owner, &whole, *at).await
                }
                Action::Erase(what, at) => {
                    may_erase(&whole.project, &whole.jobs).map_err(|error| problem(&error))?;
                    self.store.erase_project(owner, &whole, *what, *at).await
                }
                Action::Restart(restart) if restart.is_done(&whole)? => return Ok(()),
                Action::Restart(restart) => {
                    let (step, plan) = restart.target(&whole)?;
                    let act = restart.act.clone();
                    self.store.restart_project(&whole, &step, act, plan.as_ref()).await
                }
            };
            match changed.map_err(Problem::unavailable)? {
                ProjectChanged::Done => return Ok(()),
                ProjectChanged::Conflict => {}
            }
        }
        Err(Problem::unavailable("every try to change the project had a conflict"))
    }

    async fn find(&self, owner: &OwnerId, id: &ProjectId) -> Result<WholeProject> {
        let found = self.store.find_project(owner, id).await.map_err(Problem::unavailable)?;
        found.ok_or_else(|| Problem::not_found("There is no such project."))
    }

    /// The response with the project as it is now.
    async fn respond(
        &self,
        status: StatusCode,
        owner: &OwnerId,
        id: &ProjectId,
        links: &Links,
    ) -> Result<Response> {
        let WholeProject { project, plan, jobs } = self.find(owner, id).await?;
        let link =
            |job: &JobId, name: &str| links.download(job, name, &self.tokens.download_token(job));
        let page = links.project(id);
        json(status, &ProjectResource::new(&project, &plan, &jobs, page, &link))
    }
}

/// The problem for a change that the project's state does not allow.
fn problem(conflict: &ProjectConflict) -> Problem {
    let code = match conflict {
        ProjectConflict::Ended(_) | ProjectConflict::FilmComplete => ProblemCode::TooLateToCancel,
        ProjectConflict::Cancelled => ProblemCode::ProjectCancelled,
        ProjectConflict::NotFailed(_) => ProblemCode::NotFailed,
        ProjectConflict::SceneNotStarted(_) => ProblemCode::SceneNotBegun,
        ProjectConflict::EarlierStepMissing(_) => ProblemCode::EarlierStepMissing,
        ProjectConflict::UnderWay(_) => ProblemCode::NotEnded,
        ProjectConflict::Erased => ProblemCode::Erased,
        ProjectConflict::NoScene => return Problem::not_found("There is no such scene."),
    };
    Problem::conflict(code, conflict.to_string())
}
