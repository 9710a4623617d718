//! What an owner does to a project: `DELETE /v1/projects/{project_id}` ends it, `POST …/resume`
//! has it go on after a failed step, `POST …/scenes/{scene_id}/regenerate` has one scene, and
//! what depends on it, made anew.

mod restart;

use domain::links::Links;
use domain::project::resource::ProjectResource;
use domain::project::restart::{Unfit, may_cancel};
use domain::{JobId, OwnerId, ProjectId, Scope, Timestamp};
use http::StatusCode;
use runtime::http::{HttpFunction, Request, Response, json};
use runtime::{Clock, Context, Problem, StartError};
use signing::token::TokenKey;
use store::{ProjectChanged, Store, WholeProject};

use crate::restart::Restart;

/// How often a project is read again that a step changed meanwhile.
const TRIES: usize = 5;

/// The function.
#[derive(Debug)]
pub struct ProjectChange {
    store: Store,
    links: Links,
    tokens: TokenKey,
    clock: Clock,
}

/// What an owner wants.
enum Wish {
    /// That the project ends, at that time.
    Cancel(Timestamp),
    /// That a part of it begins anew.
    Restart(Restart),
}

impl HttpFunction for ProjectChange {
    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        Ok(Self {
            store: Store::new(&context.aws, environment.required("TABLE_NAME")?),
            links: Links::new(environment.required("API_BASE_URL")?),
            tokens: environment.secret_key("SIGNING_KEY", TokenKey::new)?,
            clock: context.clock.clone(),
        })
    }

    async fn handle(&self, request: Request) -> Result<Response, Problem> {
        let owner = request.caller(Scope::JobsWrite)?.owner;
        let id = request.path_id("project_id", "project")?;
        let (wish, status) = match request.route() {
            "DELETE /v1/projects/{project_id}" => (Wish::Cancel(self.clock.now()), StatusCode::OK),
            "POST /v1/projects/{project_id}/resume" => {
                (Wish::Restart(self.resume(&request)?), StatusCode::ACCEPTED)
            }
            "POST /v1/projects/{project_id}/scenes/{scene_id}/regenerate" => {
                (Wish::Restart(self.regenerate(&request)?), StatusCode::ACCEPTED)
            }
            _ => return Err(Problem::not_found("There is no such route.")),
        };
        self.change(&owner, &id, &wish).await?;
        self.shown(status, &owner, &id).await
    }
}

impl ProjectChange {
    /// Changes the owner's project `id`, once more if a step changes it meanwhile.
    async fn change(&self, owner: &OwnerId, id: &ProjectId, wish: &Wish) -> Result<(), Problem> {
        for _ in 0..TRIES {
            let whole = self.find(owner, id).await?;
            let changed = match wish {
                Wish::Cancel(at) => {
                    may_cancel(&whole.project, &whole.jobs).map_err(|unfit| refused(&unfit))?;
                    self.store.cancel_project(owner, &whole, *at).await
                }
                Wish::Restart(restart) if restart.is_done(&whole)? => return Ok(()),
                Wish::Restart(restart) => {
                    let (step, plan) = restart.fitted(&whole)?;
                    let act = restart.act.clone();
                    self.store.restart_project(&whole, &step, act, plan.as_ref()).await
                }
            };
            match changed.map_err(Problem::unavailable)? {
                ProjectChanged::Done => return Ok(()),
                ProjectChanged::Outdated => {}
            }
        }
        Err(Problem::unavailable("the project changed again and again while it was being changed"))
    }

    async fn find(&self, owner: &OwnerId, id: &ProjectId) -> Result<WholeProject, Problem> {
        let found = self.store.find_project(owner, id).await.map_err(Problem::unavailable)?;
        found.ok_or_else(|| Problem::not_found("There is no such project."))
    }

    /// The project as it is now.
    async fn shown(
        &self,
        status: StatusCode,
        owner: &OwnerId,
        id: &ProjectId,
    ) -> Result<Response, Problem> {
        let WholeProject { project, plan, jobs } = self.find(owner, id).await?;
        let link = |job: &JobId, name: &str| {
            self.links.download(job, name, &self.tokens.download_token(job))
        };
        let page = self.links.project(id);
        json(status, &ProjectResource::new(&project, &plan, &jobs, page, &link))
    }
}

/// What is wrong with a wish, as its owner is told.
fn refused(unfit: &Unfit) -> Problem {
    let code = match unfit {
        Unfit::Ended(_) | Unfit::FilmMade => "too_late_to_cancel",
        Unfit::Cancelled => "project_cancelled",
        Unfit::NotFailed(_) => "not_failed",
        Unfit::NotBegun(_) => "scene_not_begun",
        Unfit::NothingToStartFrom(_) => "earlier_step_missing",
        Unfit::NoScene => return Problem::not_found("There is no such scene."),
    };
    Problem::conflict(code, unfit.to_string())
}
