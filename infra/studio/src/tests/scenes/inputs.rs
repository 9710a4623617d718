//! Inputs that redirect, are missing or break off.

use serde_json::{Value, json};

use super::{Stage, file_server, stage, video};
use crate::{Faults, Service};

/// A studio with one finished video, and a file server whose `/moved` redirects to it.
async fn stage_with_server() -> (Stage, String) {
    let stage = stage(Faults::default()).await;
    stage.order(Service::Video, video("scene_1", "any")).await;
    let video = stage.report(Service::Video).await["video_url"].as_str().unwrap().to_owned();
    (stage, file_server::start(video).await)
}

async fn last_frame_of(stage: &Stage, video_url: &str) -> Value {
    let body = json!({ "project_id": "proj_1", "scene_id": "scene_1", "video_url": video_url });
    stage.order(Service::LastFrame, body).await;
    stage.report(Service::LastFrame).await
}

#[tokio::test]
async fn a_redirect_is_followed() {
    let (stage, server) = stage_with_server().await;
    let report = last_frame_of(&stage, &format!("{server}/moved")).await;
    assert_eq!((&report["status"], &report["width"]), (&json!("completed"), &json!(96)));
}

#[tokio::test]
async fn a_missing_input_fails_the_task_and_is_named() {
    let (stage, server) = stage_with_server().await;
    for (path, error) in [
        ("/missing", "video_url answered 404"),
        ("/broken", "video_url answered 503"),
        ("/loop", "video_url leads by redirects to where this studio does not go"),
        ("/away", "video_url leads by redirects to where this studio does not go"),
    ] {
        let report = last_frame_of(&stage, &format!("{server}{path}")).await;
        assert_eq!((&report["status"], &report["error"]), (&json!("failed"), &json!(error)));
        assert!(report["last_frame_url"].is_null());
    }
    let report = last_frame_of(&stage, "https://192.0.2.1/video.mp4").await;
    assert_eq!(report["error"], "video_url is not plain HTTP on this machine");
    let report = last_frame_of(&stage, &format!("{server}/text")).await;
    assert!(report["error"].as_str().unwrap().starts_with("video_url is not a video"), "{report}");
}

#[tokio::test]
async fn a_failed_film_names_the_missing_scene() {
    let (stage, server) = stage_with_server().await;
    let scene = |path: &str| json!({ "scene_id": "any", "video_url": format!("{server}{path}") });
    let body = json!({ "project_id": "proj_1", "scenes": [scene("/moved"), scene("/gone")] });
    stage.order(Service::Stitch, body).await;
    let report = stage.report(Service::Stitch).await;
    assert_eq!(report["error"], "scenes.1.video_url answered 404");
    let body = json!({
        "project_id": "proj_1", "scenes": [scene("/moved"), scene("/moved")],
        "transition": { "type": "fade", "duration": 1 },
    });
    stage.order(Service::Stitch, body).await;
    let report = stage.report(Service::Stitch).await;
    assert_eq!(report["error"], "transition.duration must be shorter than every scene");
}

#[tokio::test]
async fn a_download_that_breaks_off_is_retried() {
    let stage = stage(Faults { truncate_files: 1.0, ..Faults::default() }).await;
    stage.order(Service::Video, video("scene_1", "any")).await;
    let video = stage.report(Service::Video).await;
    let report = last_frame_of(&stage, video["video_url"].as_str().unwrap()).await;
    assert_eq!(report["status"], "completed");
    assert_eq!(stage.studio.scene_tasks()[0].fetches, 2);
}
