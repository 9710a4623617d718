//! The stitch service's own bodies. What the scene services share is tested with scene-video.

use domain::Attempt;
use domain::project::plan::Picture;
use domain::project::{Plan, Scene};
use serde_json::json;

use super::*;
use crate::{Account, Order, Provider, TaskStatus};

const COMPLETED: &str = r#"{"task_id":"task_1234567890_ghi","status":"completed",
    "project_id":"proj_xyz","final_video_url":"https://cdn.example.com/final/project_xyz.mp4",
    "duration":120.5,"total_scenes":24,"file_size":524288000,"format":"mp4"}"#;

#[test]
fn a_film_is_made_of_all_scenes_in_order() {
    let account = Account::read(&Stitch, |name| {
        (!name.ends_with("_ON_UNCERTAIN")).then_some("https://x.example")
    })
    .unwrap()
    .unwrap();
    let scene = |prompt: &str, seconds| Scene::new(prompt.into(), seconds, Map::new()).unwrap();
    let scenes = vec![scene("A harbour", 2.5), scene("The sea", 4.0)];
    let (stitch, picture) = (domain::project::Stitch::default(), Picture::default());
    let video_urls =
        vec!["https://cdn.example/1.mp4".to_owned(), "https://cdn.example/2.mp4".to_owned()];
    let order = Order {
        job_id: "proj_x-stitch".parse().unwrap(),
        attempt: Attempt(1),
        webhook_url: "https://api.example.com/x".into(),
        token: "1.x".into(),
        deadlines: crate::order::USUAL,
        input: Input::Stitch {
            project: "proj_x".parse().unwrap(),
            plan: Plan { scenes, stitch, picture, prompts_changed: Vec::new() },
            video_urls: video_urls.clone(),
        },
    };
    let expected = json!({
        "project_id": "proj_x",
        "scenes": [
            { "scene_id": "scene_001", "video_url": video_urls[0], "duration": 2.5 },
            { "scene_id": "scene_002", "video_url": video_urls[1], "duration": 4.0 },
        ],
        "transition": { "type": "fade", "duration": 0.5 },
        "format": "mp4",
        "webhook_url": "https://api.example.com/x?job=proj_x-stitch&token=1.x",
    });
    assert_eq!(Stitch.submit(&account, &order).unwrap().json(), expected);
    let registration = Stitch.registration(&account, "https://api.example.com/x", "s").unwrap();
    assert_eq!(registration.json()["events"][0], "stitch.completed");
}

#[test]
fn reads_the_documented_webhook() {
    let report = Stitch.report(COMPLETED.as_bytes()).unwrap();
    assert_eq!(report.job.as_ref().unwrap().as_str(), "proj_xyz-stitch");
    let Some(TaskStatus::Succeeded(result)) = report.status() else { panic!("no file") };
    let film = result.source.main().unwrap();
    assert!(film.url.ends_with("/final/project_xyz.mp4"));
    assert_eq!(film.duration_ms, Some(120_500));
}
