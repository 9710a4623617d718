//! What the last-frame service is sent: a scene's video.

use serde_json::{Value, json};

use crate::Input;

/// The picture format asked for.
const FORMAT: &str = "jpeg";

/// The body of a submission.
pub(super) fn body(input: &Input) -> Option<Value> {
    let Input::LastFrame { project, scene, video_url } = input else { return None };
    Some(json!({
        "project_id": project,
        "scene_id": scene,
        "video_url": video_url,
        "format": FORMAT,
    }))
}
