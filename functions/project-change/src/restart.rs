//! `POST …/regenerate` and `POST …/resume`: a project begins anew from one of its steps on.

use domain::project::plan::Scene;
use domain::project::restart::{regenerate_from, resume_from};
use domain::project::{Plan, ProjectAct, ProjectVerb};
use domain::{InvalidField, SceneId, Step, limits};
use runtime::Problem;
use runtime::http::Request;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use store::WholeProject;

use crate::{ProjectChange, refused};

/// A wish to begin anew.
pub(crate) struct Restart {
    pub(crate) act: ProjectAct,
    /// The scene to be made anew; otherwise it goes on from what is missing.
    scene: Option<(SceneId, Difference)>,
}

/// What is to be different in a scene that is made anew.
struct Difference {
    prompt: Option<String>,
    duration: Option<f64>,
    options: Option<Map<String, Value>>,
}

impl ProjectChange {
    pub(crate) fn resume(&self, request: &Request) -> Result<Restart, Problem> {
        Ok(Restart { act: self.act(ProjectVerb::Resumed, request)?, scene: None })
    }

    pub(crate) fn regenerate(&self, request: &Request) -> Result<Restart, Problem> {
        let scene = request.path_id("scene_id", "scene")?;
        let scene = Some((scene, Difference::read(request)?));
        Ok(Restart { act: self.act(ProjectVerb::Regenerated, request)?, scene })
    }

    /// What the request asks for. With an idempotency key it says so, and for what that was
    /// used: the act lies in the project itself, so it is saved with its effect or not at all.
    fn act(&self, what: ProjectVerb, request: &Request) -> Result<ProjectAct, Problem> {
        let mark = request.mark()?;
        let asked = || {
            let asked = Sha256::new().chain_update(request.path()).chain_update("\n");
            hex::encode(asked.chain_update(request.body_sha256()).finalize())
        };
        let request_sha256 = mark.is_some().then(asked);
        Ok(ProjectAct { mark, request_sha256, ..ProjectAct::new(what, self.clock.now()) })
    }
}

impl Restart {
    /// Whether this was done before, under the same idempotency key.
    pub(crate) fn is_done(&self, whole: &WholeProject) -> Result<bool, Problem> {
        let act = &self.act;
        let before = act.mark.as_ref().and_then(|mark| whole.project.act_marked(mark, act.at));
        match before {
            None => Ok(false),
            Some(before) if before.request_sha256 == act.request_sha256 => Ok(true),
            Some(_) => Err(Problem::key_reused()),
        }
    }

    /// The step from which `whole` is to go on, and its plan if that changes.
    pub(crate) fn fitted(&self, whole: &WholeProject) -> Result<(Step, Option<Plan>), Problem> {
        let (step, plan) = match &self.scene {
            None => (resume_from(&whole.project, &whole.jobs), None),
            Some((scene, difference)) => {
                let step = regenerate_from(&whole.project, &whole.jobs, *scene);
                (step, Some((scene, difference)))
            }
        };
        let step = step.map_err(|unfit| refused(&unfit))?;
        let made =
            |(scene, difference): (&SceneId, &Difference)| difference.made_in(&whole.plan, *scene);
        Ok((step, plan.map(made).transpose()?.flatten()))
    }
}

impl Difference {
    fn read(request: &Request) -> Result<Self, Problem> {
        let mut fields = request.optional_fields(limits::SETTINGS_BODY_BYTES)?;
        Ok(Self {
            prompt: fields.optional_text("prompt")?,
            duration: fields.optional("duration", "must be a number of seconds")?,
            options: fields.optional_object("options")?,
        })
    }

    /// The plan with this difference in `scene`; `None` if there is none.
    fn made_in(&self, plan: &Plan, scene: SceneId) -> Result<Option<Plan>, InvalidField> {
        if self.prompt.is_none() && self.duration.is_none() && self.options.is_none() {
            return Ok(None);
        }
        let Some(old) = plan.scene(scene) else { return Ok(None) };
        let new = Scene::new(
            self.prompt.clone().unwrap_or_else(|| old.prompt.clone()),
            self.duration.unwrap_or_else(|| old.seconds()),
            self.options.clone().unwrap_or_else(|| old.options.clone()),
        )?;
        let mut plan = plan.clone();
        plan.scenes[scene.index()] = new;
        plan.check().map(Some)
    }
}
