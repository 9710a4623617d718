//! The life cycle of a task without faults.

use std::time::Duration;

use serde_json::json;

use super::{Stage, scenes, stage, video};
use crate::post::Signer;
use crate::tests::settings;
use crate::{Faults, SceneStatus, Service, Settings};

#[tokio::test]
async fn a_request_without_the_right_key_is_refused() {
    let stage = stage(Faults::default()).await;
    let urls = ["tasks", "tasks/any/cancel", "webhooks/register"];
    for service in Service::ALL {
        for path in urls {
            let url = format!("{}/api/{path}", stage.studio.scene_url(service));
            let wrong = stage.client.post(&url).bearer_auth("/other key").body("{}");
            assert_eq!(wrong.send().await.unwrap().status(), 401);
            assert_eq!(stage.client.post(&url).body("{}").send().await.unwrap().status(), 401);
        }
    }
    let closed = Stage::start(settings()).await;
    let answer = closed.ask(Service::Video, "tasks", &video("scene_1", "any")).await;
    assert_eq!(answer.0, 401, "no key is set, so none is right");
}

#[tokio::test]
async fn an_error_names_the_wrong_field() {
    let stage = stage(Faults::default()).await;
    let film = |scenes| json!({ "project_id": "p", "scenes": scenes });
    let scene = json!({ "scene_id": "s", "video_url": "http://127.0.0.1:1/", "duration": 1 });
    let with = |name: &str, value| {
        let mut body = video("scene_1", "any");
        body[name] = value;
        body
    };
    let many = json!(vec![scene.clone(); 49]);
    let fading = json!({ "type": "fade", "duration": 1 });
    for (service, field, body) in [
        (Service::Video, "body", json!([])),
        (Service::Video, "project_id", with("project_id", json!(null))),
        (Service::Video, "scene_id", with("scene_id", json!(7))),
        (Service::Video, "prompt", with("prompt", json!(" "))),
        (Service::Video, "duration", with("duration", json!("5"))),
        (Service::Video, "duration", with("duration", json!(-1))),
        (Service::Video, "width", with("width", json!(97))),
        (Service::Video, "fps", with("fps", json!(0))),
        (Service::Video, "options", with("options", json!([]))),
        (Service::Video, "first_frame_url", with("first_frame_url", json!("file:///a"))),
        (Service::Video, "webhook_url", with("webhook_url", json!("nowhere"))),
        (Service::LastFrame, "video_url", json!({ "project_id": "p", "scene_id": "s" })),
        (Service::LastFrame, "format", json!({ "project_id": "p", "format": "png" })),
        (Service::Stitch, "scenes", film(json!([]))),
        (Service::Stitch, "scenes", film(many)),
        (Service::Stitch, "scenes.0.video_url", film(json!([{ "scene_id": "s" }]))),
        (Service::Stitch, "scenes.0", film(json!([1]))),
        (
            Service::Stitch,
            "transition.type",
            json!({ "project_id": "p", "transition": { "type": "x,y" } }),
        ),
        (
            Service::Stitch,
            "scenes.0.duration",
            json!({ "project_id": "p", "scenes": [scene, scene], "transition": fading }),
        ),
    ] {
        let (status, answer) = stage.ask(service, "tasks", &body).await;
        let error = answer["error"].as_str().unwrap();
        assert_eq!((status, error.split(": ").next()), (400, Some(field)), "{answer}");
    }
    assert!(stage.studio.scene_tasks().is_empty());
}

#[tokio::test]
async fn a_task_belongs_to_one_service() {
    let stage = stage(Faults::default()).await;
    let id = stage.order(Service::Video, video("scene_1", "any")).await;
    assert_eq!(stage.task(Service::Stitch, &id).await.0, 404);
    let cancel = format!("tasks/{id}/cancel");
    assert_eq!(stage.ask(Service::Stitch, &cancel, &json!({})).await.0, 404);
    assert_eq!(stage.ask(Service::Video, "tasks/unknown/cancel", &json!({})).await.0, 404);
    stage.report(Service::Video).await;
    let (status, answer) = stage.ask(Service::Video, &cancel, &json!({})).await;
    assert_eq!((status, answer), (200, json!({ "task_id": id, "status": "completed" })));
}

/// Whether the command line of a process names a file of task `id`.
fn is_named_by_a_process(id: &str) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let mut commands =
        processes.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    commands.any(|command| String::from_utf8_lossy(&command).contains(id))
}

#[tokio::test]
async fn a_cancelled_task_stops_ffmpeg_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let work_dir = Some(folder.path().to_owned());
    let stage = Stage::start(Settings { work_dir, scenes: scenes(), ..settings() }).await;
    let mut long = video("scene_1", "any");
    (long["duration"], long["width"], long["height"]) = (json!(120), json!(1920), json!(1080));
    let id = stage.order(Service::Video, long).await;
    stage.studio.until_scenes(|_| folder.path().read_dir().unwrap().count() > 0).await;
    assert_eq!(stage.task(Service::Video, &id).await.1["status"], "processing");
    assert!(is_named_by_a_process(&id));

    let cancelled = stage.ask(Service::Video, &format!("tasks/{id}/cancel"), &json!({})).await;
    assert_eq!(cancelled, (200, json!({ "task_id": id, "status": "cancelled" })));
    stage.until_ended(SceneStatus::Cancelled).await;
    assert_eq!(stage.task(Service::Video, &id).await.1["status"], "cancelled");
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    let ended = async {
        while is_named_by_a_process(&id) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), ended).await.expect("ffmpeg is killed");
    assert!(stage.studio.scene_tasks()[0].posts.is_empty());
    // Its worker is free again.
    stage.order(Service::Video, video("scene_2", "any")).await;
    assert_eq!(stage.report(Service::Video).await["status"], "completed");
    assert!(folder.path().read_dir().unwrap().count() > 0);
    stage.studio.stop().await;
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[tokio::test]
async fn a_prompt_can_request_a_failure() {
    let stage = stage(Faults::default()).await;
    stage.order(Service::Video, video("scene_1", "a storm [fail]")).await;
    let report = stage.report(Service::Video).await;
    assert_eq!(report["error"], "the prompt asks for a failure");
    let members = ["error", "project_id", "scene_id", "status", "task_id", "timestamp"];
    assert!(report.as_object().unwrap().keys().eq(&members), "{report}");
    for status in ["failed", "completed"] {
        stage.order(Service::Video, video("scene_2", "a storm [fail once]")).await;
        assert_eq!(stage.report(Service::Video).await["status"], status);
    }
}

#[tokio::test]
async fn a_registration_receives_webhooks_without_a_url_and_changes_the_secret() {
    let stage = stage(Faults::default()).await;
    let url = stage.receiver.url("/registered?by=us");
    let register = |events| json!({ "url": url, "events": events, "secret": "another" });
    let all = json!(["task.completed", "task.failed"]);
    for wrong in [json!([]), json!(["stitch.completed"]), json!("task.failed"), json!(null)] {
        let (status, answer) =
            stage.ask(Service::Video, "webhooks/register", &register(wrong)).await;
        assert_eq!(status, 400, "{answer}");
    }
    stage.ask(Service::Video, "tasks", &video("scene_0", "without a receiver")).await;
    stage.studio.until_scenes_are_silent().await;

    let answer = stage.ask(Service::Video, "webhooks/register", &register(all)).await;
    assert_eq!(answer, (200, json!({ "registered": true })));
    stage.ask(Service::Video, "tasks", &video("scene_1", "any")).await;
    let report = stage.receiver.next().await;
    assert_eq!((report.query.as_str(), &report.body["scene_id"]), ("by=us", &json!("scene_1")));
    let signer = Signer::plain(b"another").unwrap();
    assert_eq!(report.signature, Some(signer.sign(&report.raw)));
}

#[tokio::test]
async fn a_webhook_without_a_secret_is_unsigned() {
    let mut scenes = scenes();
    scenes.video.webhook_secret = None;
    let stage = Stage::start(Settings { scenes, ..settings() }).await;
    stage.order(Service::Video, video("scene_1", "any")).await;
    assert_eq!(stage.receiver.next().await.signature, None);
}
