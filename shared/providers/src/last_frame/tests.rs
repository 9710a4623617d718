//! The last-frame service's own bodies. What the scene services share is tested with scene-video.

use domain::{Attempt, SceneId};

use super::*;
use crate::{Account, Order, Provider, TaskStatus};

const COMPLETED: &str = r#"{"task_id":"task_1234567890_def","status":"completed",
    "scene_id":"scene_001","project_id":"proj_xyz","format":"jpeg","width":1920,"height":1080,
    "last_frame_url":"https://cdn.example.com/frames/scene_001_last.jpg"}"#;

#[test]
fn a_frame_is_taken_from_a_video() {
    let account = Account::read(&LastFrame, |name| {
        (!name.ends_with("_ON_UNCERTAIN")).then_some("https://x.example")
    })
    .unwrap()
    .unwrap();
    let order = Order {
        job_id: "proj_x-scene_002-last_frame".parse().unwrap(),
        attempt: Attempt(1),
        webhook_url: "https://api.example.com/x".into(),
        token: "1.x".into(),
        deadlines: crate::order::USUAL,
        input: Input::LastFrame {
            project: "proj_x".parse().unwrap(),
            scene: SceneId::new(2),
            video_url: "https://cdn.example/2.mp4".into(),
        },
    };
    let body = LastFrame.submit(&account, &order).unwrap().json();
    assert_eq!(body["scene_id"], "scene_002");
    assert_eq!(body["video_url"], "https://cdn.example/2.mp4");
    let registration = LastFrame.registration(&account, "https://api.example.com/x", "s").unwrap();
    assert_eq!(registration.json()["events"][0], "extraction.completed");
}

#[test]
fn reads_the_documented_webhook() {
    let report = LastFrame.report(COMPLETED.as_bytes()).unwrap();
    assert_eq!(report.job.as_ref().unwrap().as_str(), "proj_xyz-scene_001-last_frame");
    let Some(TaskStatus::Succeeded(result)) = report.status() else { panic!("no file") };
    assert!(result.source.main().unwrap().url.ends_with("_last.jpg"));
    let without = COMPLETED.replace("last_frame_url", "video_url");
    assert_eq!(LastFrame.report(without.as_bytes()).unwrap().status(), None);
}
