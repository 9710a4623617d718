//! `POST …/regenerate` and `POST …/resume`: a project restarts from one of its steps.

use domain::project::plan::PromptChange;
use domain::project::plan::Scene;
use domain::project::restart::{regenerate_from, resume_from};
use domain::project::{Plan, ProjectAct, ProjectVerb};
use domain::{InvalidField, SceneId, Step, Timestamp, limits};
use runtime::http::{Request, Result};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use store::WholeProject;

use crate::{ProjectChange, problem};

/// A requested restart.
pub(crate) struct Restart {
    pub(crate) act: ProjectAct,
    /// The scene to regenerate; `None` resumes from the first missing output.
    scene: Option<(SceneId, SceneUpdate)>,
}

/// New values for a scene that is regenerated. Absent ones stay.
struct SceneUpdate {
    prompt: Option<String>,
    duration: Option<f64>,
    options: Option<Map<String, Value>>,
}

impl ProjectChange {
    pub(crate) fn resume(&self, request: &Request) -> Result<Restart> {
        Ok(Restart { act: self.act(ProjectVerb::Resumed, request)?, scene: None })
    }

    pub(crate) fn regenerate(&self, request: &Request) -> Result<Restart> {
        let scene = request.path_id("scene_id", "scene")?;
        let scene = Some((scene, SceneUpdate::read(request)?));
        Ok(Restart { act: self.act(ProjectVerb::Regenerated, request)?, scene })
    }

    /// The act to store. It has the hashes of the idempotency key, if there is one, and of the
    /// request. It is part of the project's item, so it is saved with its effect or not at all.
    fn act(&self, what: ProjectVerb, request: &Request) -> Result<ProjectAct> {
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
    /// Whether a request with the same idempotency key has done this.
    pub(crate) fn is_done(&self, whole: &WholeProject) -> Result<bool> {
        let act = &self.act;
        let before = act.mark.as_ref().and_then(|mark| whole.project.act_marked(mark));
        Ok(before.map_or(Ok(false), |before| act.keyed().repeats(&before.keyed()))?)
    }

    /// The step that `whole` restarts from, and its new plan if that changes.
    pub(crate) fn target(&self, whole: &WholeProject) -> Result<(Step, Option<Plan>)> {
        let step = match &self.scene {
            None => resume_from(&whole.project, &whole.jobs),
            Some((scene, _)) => regenerate_from(&whole.project, &whole.jobs, *scene),
        };
        let step = step.map_err(|conflict| problem(&conflict))?;
        let plan = match &self.scene {
            None => None,
            Some((scene, update)) => update.applied(&whole.plan, *scene, self.act.at)?,
        };
        Ok((step, plan))
    }
}

impl SceneUpdate {
    fn read(request: &Request) -> Result<Self> {
        let mut fields = request.optional_fields(limits::SETTINGS_BODY_BYTES)?;
        let update = Self {
            prompt: fields.optional_text("prompt")?,
            duration: fields.optional("duration", "must be a number of seconds")?,
            options: fields.optional_object("options")?,
        };
        fields.finish()?;
        Ok(update)
    }

    /// The plan with this update of `scene`; `None` if nothing changes.
    fn applied(
        &self,
        plan: &Plan,
        scene: SceneId,
        at: Timestamp,
    ) -> Result<Option<Plan>, InvalidField> {
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
        if new.prompt != old.prompt && plan.prompts_changed.len() < limits::PAST_ATTEMPTS {
            let (old, new) = (old.prompt.clone(), new.prompt.clone());
            plan.prompts_changed.push(PromptChange { at, old, new });
        }
        plan.scenes[scene.index()] = new;
        plan.check().map(Some)
    }
}
