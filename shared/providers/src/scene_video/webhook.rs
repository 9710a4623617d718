//! The scene-video service's webhook.

use domain::{InvalidField, JobKind, ProjectId, Step};
use serde_json::{Map, Value, json};

use crate::scene_service::scene;
use crate::webhook::Facts;

/// The step that it reports on.
pub(super) fn step(project: ProjectId, object: &Map<String, Value>) -> Result<Step, InvalidField> {
    Ok(Step::video(project, scene(object)?))
}

/// What it is answered.
pub(super) fn facts(facts: &Facts) -> Value {
    json!({
        "scene_updated": facts.updated,
        "last_frame_triggered": facts.released == Some(JobKind::LastFrame),
    })
}
