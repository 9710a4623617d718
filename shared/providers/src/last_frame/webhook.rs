//! The last-frame service's webhook.

use domain::{InvalidField, JobKind, ProjectId, Step};
use serde_json::{Map, Value, json};

use crate::scene_service::scene;
use crate::webhook::Facts;

/// The step that it reports on.
pub(super) fn step(project: ProjectId, object: &Map<String, Value>) -> Result<Step, InvalidField> {
    Ok(Step::last_frame(project, scene(object)?))
}

/// What it is answered. After the last scene's frame, the film is stitched.
pub(super) fn facts(facts: &Facts) -> Value {
    json!({
        "scene_updated": facts.updated,
        "next_scene_triggered": facts.released == Some(JobKind::SceneVideo),
    })
}
