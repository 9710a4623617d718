//! The request body, validated field by field.

use creation::{Members, Rules};
use domain::idempotency::KeyedRequest;
use domain::project::plan::{Picture, Plan, Scene, Stitch};
use domain::{Caller, InvalidField, Project, ProjectId, Timestamp, limits};
use runtime::fields::Fields;
use runtime::http::{Request, Result};
use serde_json::Value;

/// Default playing time of a scene, in seconds.
const SCENE_SECONDS: f64 = 5.0;
const SECONDS: &str = "must be a number of seconds";
const SIZE: &str = "must be an even number from 16 to 4096";
const RATE: &str = "must be 1 to 60";

/// A validated request for a project.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    pub(crate) plan: Plan,
    /// The request under its idempotency key.
    pub(crate) keyed: KeyedRequest,
    members: Members,
}

impl Body {
    pub(crate) fn read(request: &Request, rules: &Rules, now: Timestamp) -> Result<Self> {
        let mut fields = request.fields(limits::PROJECT_BODY_BYTES)?;
        let scenes = scenes(&mut fields)?;
        let stitch = stitch(&mut fields)?;
        let picture = Picture::new(
            fields.optional("width", SIZE)?,
            fields.optional("height", SIZE)?,
            fields.optional("fps", RATE)?,
        )?;
        let members = Members::read(&mut fields, rules)?;
        fields.finish()?;
        Ok(Self {
            plan: Plan { scenes, stitch, picture, prompts_changed: Vec::new() }.check()?,
            keyed: request.keyed(now)?,
            members,
        })
    }

    /// The project to create.
    pub(crate) fn project(&self, id: ProjectId, caller: &Caller, now: Timestamp) -> Project {
        Project {
            webhook_url: self.members.webhook_url.clone(),
            metadata: self.members.metadata.clone(),
            request_sha256: self.keyed.sha256.clone(),
            ..Project::new(id, caller.owner.clone(), self.plan.count(), now)
                .kept_for(self.members.retention)
        }
    }
}

fn scenes(fields: &mut Fields<'_>) -> Result<Vec<Scene>, InvalidField> {
    let scenes: Option<Vec<Value>> = fields.optional("scenes", "must be a list of scenes")?;
    let scenes = scenes.ok_or_else(|| InvalidField::new("scenes", "is required"))?;
    // Before each is validated: a list that is too long gets this error, not one of a scene.
    if scenes.len() > limits::SCENES {
        let message = format!("must be 1 to {} scenes", limits::SCENES);
        return Err(InvalidField::new("scenes", message));
    }
    scenes.into_iter().enumerate().map(|(index, value)| scene(index, value)).collect()
}

fn scene(index: usize, value: Value) -> Result<Scene, InvalidField> {
    let place = format!("scenes[{index}]");
    let Value::Object(members) = value else {
        return Err(InvalidField::new(place, "must be a JSON object"));
    };
    read_scene(members.into()).map_err(|invalid| invalid.within(&place))
}

fn read_scene(mut fields: Fields<'_>) -> Result<Scene, InvalidField> {
    let prompt = fields.required_text("prompt")?;
    let duration = fields.optional("duration", SECONDS)?.unwrap_or(SCENE_SECONDS);
    let options = fields.optional_object("options")?.unwrap_or_default();
    fields.finish()?;
    Scene::new(prompt, duration, options)
}

fn stitch(fields: &mut Fields<'_>) -> Result<Stitch, InvalidField> {
    let Some(members) = fields.optional_object("stitch")? else { return Ok(Stitch::default()) };
    let mut fields = Fields::from(members);
    let within = |invalid: InvalidField| invalid.within("stitch");
    let transition = fields.optional_text("transition").map_err(within)?;
    let duration = fields.optional("transition_duration", SECONDS).map_err(within)?;
    fields.finish().map_err(within)?;
    Stitch::new(transition, duration)
}
