//! What the stitch service is sent: the videos of all scenes in their order.

use domain::SceneId;
use serde_json::{Value, json};

use crate::Input;

/// The format asked for.
const FORMAT: &str = "mp4";

/// The body of a submission.
pub(super) fn body(input: &Input) -> Option<Value> {
    let Input::Stitch { project, plan, video_urls } = input else { return None };
    let scenes = SceneId::all(plan.count()).zip(&plan.scenes).zip(video_urls);
    let scenes = scenes.map(|((id, scene), url)| {
        json!({ "scene_id": id, "video_url": url, "duration": scene.seconds() })
    });
    Some(json!({
        "project_id": project,
        "scenes": scenes.collect::<Vec<_>>(),
        "transition": {
            "type": plan.stitch.transition,
            "duration": f64::from(plan.stitch.transition_ms) / 1000.0,
        },
        "format": FORMAT,
    }))
}
