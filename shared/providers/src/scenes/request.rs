//! What the services are sent, and where. Their own documents (seed 001) tell only of webhooks;
//! these requests are ours, in the same words.

use domain::project::{Plan, Scene};
use domain::{ProjectId, SceneId};
use serde_json::{Value, json};

use super::Service;

/// The picture format in which last frames are wanted.
const FRAME_FORMAT: &str = "jpeg";
/// The format in which the film is wanted.
const FILM_FORMAT: &str = "mp4";

/// The routes of one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routes {
    base_url: String,
}

impl Routes {
    /// Those below `base_url`, such as `https://tasks.example.com`.
    #[must_use]
    pub fn new(base_url: &str) -> Self {
        Self { base_url: base_url.trim_end_matches('/').to_owned() }
    }

    /// Where work is posted.
    #[must_use]
    pub fn submit_url(&self) -> String {
        format!("{}/api/tasks", self.base_url)
    }

    /// Where a task's state is read.
    #[must_use]
    pub fn status_url(&self, task: &str) -> String {
        format!("{}/api/tasks/{task}", self.base_url)
    }

    /// Where a POST ends a task.
    #[must_use]
    pub fn cancel_url(&self, task: &str) -> String {
        format!("{}/api/tasks/{task}/cancel", self.base_url)
    }

    /// Where the address of our webhook is registered.
    #[must_use]
    pub fn register_url(&self) -> String {
        format!("{}/api/webhooks/register", self.base_url)
    }
}

/// A scene's video, begun from `first_frame_url` where there is a scene before.
#[must_use]
pub fn video_body(
    project: &ProjectId,
    (id, scene): (SceneId, &Scene),
    plan: &Plan,
    first_frame_url: Option<&str>,
    webhook_url: &str,
) -> Value {
    let mut body = json!({
        "project_id": project,
        "scene_id": id,
        "prompt": scene.prompt,
        "duration": scene.seconds(),
        "width": plan.picture.width,
        "height": plan.picture.height,
        "fps": plan.picture.fps,
        "webhook_url": webhook_url,
    });
    if let Some(url) = first_frame_url {
        body["first_frame_url"] = json!(url);
    }
    if !scene.options.is_empty() {
        body["options"] = json!(scene.options);
    }
    body
}

/// The last frame of a scene's video.
#[must_use]
pub fn last_frame_body(
    project: &ProjectId,
    scene: SceneId,
    video_url: &str,
    webhook_url: &str,
) -> Value {
    json!({
        "project_id": project,
        "scene_id": scene,
        "video_url": video_url,
        "format": FRAME_FORMAT,
        "webhook_url": webhook_url,
    })
}

/// The film of `plan`, from its scenes' videos in their order.
#[must_use]
pub fn stitch_body(
    project: &ProjectId,
    plan: &Plan,
    video_urls: &[String],
    webhook_url: &str,
) -> Value {
    let scenes = SceneId::all(plan.count()).zip(&plan.scenes).zip(video_urls);
    let scenes = scenes.map(|((id, scene), url)| {
        json!({ "scene_id": id, "video_url": url, "duration": scene.seconds() })
    });
    json!({
        "project_id": project,
        "scenes": scenes.collect::<Vec<_>>(),
        "transition": {
            "type": plan.stitch.transition,
            "duration": f64::from(plan.stitch.transition_ms) / 1000.0,
        },
        "format": FILM_FORMAT,
        "webhook_url": webhook_url,
    })
}

/// Has a service send its webhooks to `webhook_url`, signed with `secret`.
#[must_use]
pub fn registration_body(service: Service, webhook_url: &str, secret: &str) -> Value {
    let subject = match service {
        Service::Video => "task",
        Service::LastFrame => "extraction",
        Service::Stitch => "stitch",
    };
    let events = ["completed", "failed"].map(|end| format!("{subject}.{end}"));
    json!({ "url": webhook_url, "events": events, "secret": secret })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use domain::project::Stitch;
    use domain::project::plan::Picture;

    use super::*;

    const HOOK: &str = "https://api.example.com/api/webhooks/x";

    fn plan() -> Plan {
        let scene = |prompt: &str, seconds, options: Value| {
            Scene::new(prompt.into(), seconds, options.as_object().unwrap().clone()).unwrap()
        };
        Plan {
            scenes: vec![
                scene("A harbour", 2.5, json!({})),
                scene("The sea", 4.0, json!({ "seed": 7 })),
            ],
            stitch: Stitch::default(),
            picture: Picture::default(),
        }
    }

    fn project() -> ProjectId {
        "proj_x".parse().unwrap()
    }

    #[test]
    fn a_video_begins_where_the_one_before_ended() {
        let plan = plan();
        let body = |number: u16, frame: Option<&str>| {
            let id = SceneId::new(number);
            video_body(&project(), (id, plan.scene(id).unwrap()), &plan, frame, HOOK)
        };
        let first = json!({
            "project_id": "proj_x", "scene_id": "scene_001", "prompt": "A harbour",
            "duration": 2.5, "width": 1280, "height": 720, "fps": 24, "webhook_url": HOOK,
        });
        assert_eq!(body(1, None), first);
        let second = body(2, Some("https://cdn.example/1.jpg"));
        assert_eq!(second["first_frame_url"], "https://cdn.example/1.jpg");
        assert_eq!(second["options"], json!({ "seed": 7 }));
    }

    #[test]
    fn a_film_is_made_of_all_scenes_in_order() {
        let urls = ["https://cdn.example/1.mp4".to_owned(), "https://cdn.example/2.mp4".to_owned()];
        let expected = json!({
            "project_id": "proj_x",
            "scenes": [
                { "scene_id": "scene_001", "video_url": urls[0], "duration": 2.5 },
                { "scene_id": "scene_002", "video_url": urls[1], "duration": 4.0 },
            ],
            "transition": { "type": "fade", "duration": 0.5 },
            "format": "mp4",
            "webhook_url": HOOK,
        });
        assert_eq!(stitch_body(&project(), &plan(), &urls, HOOK), expected);
    }

    #[test]
    fn a_frame_is_taken_from_a_video() {
        let body = last_frame_body(&project(), SceneId::new(2), "https://cdn.example/2.mp4", HOOK);
        assert_eq!(body["scene_id"], "scene_002");
        assert_eq!(body["video_url"], "https://cdn.example/2.mp4");
    }

    #[test]
    fn registers_for_the_events_of_each_service() {
        for (service, first) in [
            (Service::Video, "task.completed"),
            (Service::LastFrame, "extraction.completed"),
            (Service::Stitch, "stitch.completed"),
        ] {
            let body = registration_body(service, HOOK, "s");
            assert_eq!(body["events"][0], first);
            assert_eq!((&body["url"], &body["secret"]), (&json!(HOOK), &json!("s")));
        }
    }

    #[test]
    fn routes_lie_below_the_base() {
        let routes = Routes::new("https://tasks.example/");
        assert_eq!(routes.submit_url(), "https://tasks.example/api/tasks");
        assert_eq!(routes.status_url("t-1"), "https://tasks.example/api/tasks/t-1");
        assert_eq!(routes.cancel_url("t-1"), "https://tasks.example/api/tasks/t-1/cancel");
        assert_eq!(routes.register_url(), "https://tasks.example/api/webhooks/register");
    }
}
