//! What the scene-video service is sent: a scene, and the picture to start from where there is
//! a scene before.

use serde_json::{Value, json};

use crate::Input;

/// The body of a submission.
pub(super) fn body(input: &Input) -> Option<Value> {
    let Input::SceneVideo { project, scene: id, plan, first_frame_url } = input else {
        return None;
    };
    let scene = plan.scene(*id)?;
    let mut body = json!({
        "project_id": project,
        "scene_id": id,
        "prompt": scene.prompt,
        "duration": scene.seconds(),
        "width": plan.picture.width,
        "height": plan.picture.height,
        "fps": plan.picture.fps,
    });
    if let Some(url) = first_frame_url {
        body["first_frame_url"] = json!(url);
    }
    if !scene.options.is_empty() {
        body["options"] = json!(scene.options);
    }
    Some(body)
}
