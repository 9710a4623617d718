//! The scene-video service's own bodies, what may differ from them, and what the scene services
//! share.

use domain::JobError;
use domain::job::{ErrorCode, Source};
use domain::project::plan::Picture;
use domain::project::{Plan, Scene, Stitch};
use domain::{Attempt, SceneId};
use http::{HeaderMap, Method};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    Account, Answer, AnswerError, Cancellation, Order, Provider, Report, Submission, TaskStatus,
};

const COMPLETED: &str = r#"{"task_id":"task_1234567890_abc","status":"completed",
    "scene_id":"scene_001","project_id":"proj_xyz",
    "video_url":"https://cdn.example.com/videos/scene_001.mp4",
    "thumbnail_url":"https://cdn.example.com/thumbnails/scene_001.jpg","duration":5.0,"fps":24,
    "width":1920,"height":1080,"quality_score":8.5,"metadata":{"model":"runway-gen3-alpha"},
    "timestamp":"2025-10-04T10:30:00.000Z"}"#;

fn body(changes: &Value) -> String {
    let mut body: Value = serde_json::from_str(COMPLETED).unwrap();
    for (field, value) in changes.as_object().unwrap() {
        body[field] = value.clone();
    }
    body.to_string()
}

fn read(changes: &Value) -> TaskStatus {
    let report = SceneVideo.report(body(changes).as_bytes()).unwrap();
    report.status().unwrap().clone()
}

fn source(changes: &Value) -> Source {
    let TaskStatus::Succeeded(result) = read(changes) else { panic!("no file") };
    result.source
}

fn answer<T>(status: u16, body: &str, read: impl FnOnce(&Answer<'_>) -> T) -> T {
    let headers = HeaderMap::new();
    read(&Answer { status: status.try_into().unwrap(), headers: &headers, body: body.as_bytes() })
}

fn submission(status: u16, body: &str) -> Result<Submission, AnswerError> {
    answer(status, body, |answer| SceneVideo.submission(answer))
}

fn account() -> Account {
    Account::read(&SceneVideo, |name| {
        (!name.ends_with("_ON_UNCERTAIN")).then_some("https://tasks.example/")
    })
    .unwrap()
    .unwrap()
}

fn submitted(number: u16, first_frame_url: Option<&str>) -> Value {
    let scene = |prompt: &str, seconds, options: Value| {
        Scene::new(prompt.into(), seconds, options.as_object().unwrap().clone()).unwrap()
    };
    let scenes =
        vec![scene("A harbour", 2.5, json!({})), scene("The sea", 4.0, json!({ "seed": 7 }))];
    let plan = Plan {
        scenes,
        stitch: Stitch::default(),
        picture: Picture::default(),
        prompts_changed: Vec::new(),
    };
    let order = Order {
        job_id: "proj_x-scene_001-video".parse().unwrap(),
        attempt: Attempt(1),
        webhook_url: "https://api.example.com/x".into(),
        token: "1.x".into(),
        deadlines: crate::order::USUAL,
        input: Input::SceneVideo {
            project: "proj_x".parse().unwrap(),
            scene: SceneId::new(number),
            plan,
            first_frame_url: first_frame_url.map(Into::into),
        },
    };
    SceneVideo.submit(&account(), &order).unwrap().json()
}

#[test]
fn a_video_starts_where_the_one_before_ended() {
    let first = json!({
        "project_id": "proj_x", "scene_id": "scene_001", "prompt": "A harbour", "duration": 2.5,
        "width": 1280, "height": 720, "fps": 24, "webhook_url": "https://api.example.com/x?job=proj_x-scene_001-video&token=1.x",
    });
    assert_eq!(submitted(1, None), first);
    let second = submitted(2, Some("https://cdn.example/1.jpg"));
    assert_eq!(second["first_frame_url"], "https://cdn.example/1.jpg");
    assert_eq!(second["options"], json!({ "seed": 7 }));
}

#[test]
fn routes_lie_below_the_base() {
    let task = "t-1".parse().unwrap();
    let status = SceneVideo.status(&account(), JobKind::SceneVideo, &task);
    assert_eq!(
        (status.method, status.url.as_str()),
        (Method::GET, "https://tasks.example/api/tasks/t-1")
    );
    let cancel = SceneVideo.cancel(&account(), JobKind::SceneVideo, &task);
    assert_eq!(cancel.url, "https://tasks.example/api/tasks/t-1/cancel");
    let registration =
        SceneVideo.registration(&account(), "https://api.example.com/x", "s").unwrap();
    assert_eq!(registration.url, "https://tasks.example/api/webhooks/register");
    let body = json!({
        "url": "https://api.example.com/x", "secret": "s",
        "events": ["task.completed", "task.failed"],
    });
    assert_eq!(registration.json(), body);
}

#[test]
fn reads_the_documented_webhook() {
    let report = SceneVideo.report(COMPLETED.as_bytes()).unwrap();
    assert_eq!(report.task.unwrap().as_str(), "task_1234567890_abc");
    assert_eq!(report.job.unwrap().as_str(), "proj_xyz-scene_001-video");
    assert_eq!(report.word, "completed");
    let source = source(&json!({}));
    let urls: Vec<_> = source.files.iter().map(|file| file.url.as_str()).collect();
    assert!(urls[0].ends_with("/videos/scene_001.mp4"));
    assert!(urls[1].ends_with("/thumbnails/scene_001.jpg"));
    assert_eq!(source.files[0].duration_ms, Some(5000));
}

#[test]
fn a_task_may_be_in_any_state() {
    assert_eq!(read(&json!({ "status": "queued" })), TaskStatus::Queued { position: None });
    let running = read(&json!({ "status": "processing", "progress": 40 }));
    assert_eq!(running, TaskStatus::running(Some(40)));
    assert_eq!(read(&json!({ "status": "cancelled" })), TaskStatus::Cancelled);
    let failed = |changes| {
        let TaskStatus::Failed(error) = read(&changes) else { panic!("it has not failed") };
        error
    };
    let error = failed(json!({ "status": "failed", "error": "Traceback:\n out of memory" }));
    let message = "The scene-video service failed: out of memory";
    assert_eq!(error, JobError::new(ErrorCode::ProviderFailed, message));
    let silent = failed(json!({ "status": "failed" }));
    assert_eq!(silent.message, "The scene-video service failed");
}

#[test]
fn a_bad_thumbnail_or_duration_costs_nothing() {
    assert_eq!(source(&json!({ "thumbnail_url": "javascript:x" })).files.len(), 1);
    for (duration, milliseconds) in
        [(json!("4.0416"), Some(4042)), (json!(-1), None), (json!(1e300), None), (json!({}), None)]
    {
        let changes = json!({ "duration": duration });
        assert_eq!(source(&changes).files[0].duration_ms, milliseconds, "{changes}");
    }
}

#[test]
fn words_and_ids_of_other_makers_are_understood() {
    assert!(matches!(read(&json!({ "status": "SUCCEEDED" })), TaskStatus::Succeeded(_)));
    assert_eq!(read(&json!({ "status": "canceled" })), TaskStatus::Cancelled);
    assert!(matches!(read(&json!({ "status": "timed_out" })), TaskStatus::Failed(_)));
    let unknown = read(&json!({ "status": "melted", "progress": 40 }));
    assert_eq!(unknown, TaskStatus::running(Some(40)));
    let report = SceneVideo.report(body(&json!({ "task_id": 17 })).as_bytes()).unwrap();
    assert_eq!(report.task.unwrap().as_str(), "17");
    let accepted = submission(202, r#"{"task_id":17}"#).unwrap();
    assert_eq!(accepted, Submission::Accepted { task: "17".parse().unwrap() });
}

#[test]
fn an_end_without_a_usable_file_is_polled_and_a_poll_says_so() {
    for url in [json!(null), json!(""), json!("ftp://x"), json!(7), json!("/tmp/a.mp4")] {
        let body = body(&json!({ "video_url": url }));
        let report = SceneVideo.report(body.as_bytes()).unwrap();
        assert_eq!((report.report, report.word.as_str()), (Report::Unconfirmed, "completed"));
        let polled = answer(200, &body, |answer| SceneVideo.task_status(answer)).unwrap_err();
        assert!(matches!(polled, AnswerError::Unusable(is) if is.field == "video_url"), "{body}");
    }
    let inline = json!({ "video_url": "data:video/mp4;base64,AAAA" });
    assert!(source(&inline).files[0].is_inline());
}

#[test]
fn names_the_field_at_fault() {
    for (changes, field) in [
        (json!({ "task_id": null }), "task_id"),
        (json!({ "task_id": "../cancel" }), "task_id"),
        (json!({ "status": 7 }), "status"),
        (json!({ "project_id": "" }), "project_id"),
        (json!({ "scene_id": null }), "scene_id"),
    ] {
        let error = SceneVideo.report(body(&changes).as_bytes()).unwrap_err();
        assert_eq!(error.field, field, "{changes}");
    }
    assert_eq!(SceneVideo.report(b"[]").unwrap_err().field, "body");
}

#[test]
fn work_is_accepted_rejected_or_to_be_tried_later() {
    let accepted = submission(202, r#"{"task_id":"task_1","status":"queued"}"#).unwrap();
    assert_eq!(accepted, Submission::Accepted { task: "task_1".parse().unwrap() });
    for body in ["{}", r#"{"task_id":"../x"}"#, "nonsense"] {
        assert!(submission(202, body).is_err(), "{body}");
    }
    let Submission::Rejected(error) = submission(422, r#"{"error":"no such\nvideo"}"#).unwrap()
    else {
        panic!("it is rejected");
    };
    assert_eq!(error.message, "The scene-video service does not accept the request: video");
    for status in [401, 403, 404, 429, 500, 503] {
        let later = Submission::TryLater { status: status.try_into().unwrap(), wait: None };
        assert_eq!(submission(status, "").unwrap(), later);
    }
}

#[test]
fn a_poll_reads_a_task_as_its_webhook_does() {
    let status = |status, body: &str| answer(status, body, |answer| SceneVideo.task_status(answer));
    let body = r#"{"task_id":"t","status":"processing","progress":40}"#;
    assert_eq!(status(200, body).unwrap(), TaskStatus::running(Some(40)));
    assert_eq!(status(404, "").unwrap(), TaskStatus::Gone);
    assert!(status(503, "").is_err() && status(200, "{}").is_err());
    assert_eq!(status(202, " \n").unwrap(), TaskStatus::running(None));
    assert!(status(200, "").is_err() && status(202, "<html>").is_err());
}

#[test]
fn a_cancellation_says_whether_it_came_in_time() {
    let cancellation =
        |status, body: &str| answer(status, body, |answer| SceneVideo.cancellation(answer));
    for (status, body, expected) in [
        (200, r#"{"status":"cancelled"}"#, Cancellation::Cancelled),
        (200, r#"{"status":"completed"}"#, Cancellation::TooLate),
        (200, r#"{"status":"failed"}"#, Cancellation::TooLate),
        (202, r#"{"status":"processing"}"#, Cancellation::Requested),
        (200, r#"{"status":"CANCELED"}"#, Cancellation::Cancelled),
        (204, "", Cancellation::Requested),
        (200, "OK", Cancellation::Requested),
        (404, "", Cancellation::Gone),
    ] {
        assert_eq!(cancellation(status, body).unwrap(), expected, "{body}");
    }
    assert!(cancellation(500, "").is_err());
}

proptest! {
    #[test]
    fn no_bytes_panic(body: Vec<u8>) {
        let _ = SceneVideo.report(&body).is_ok();
    }
}
