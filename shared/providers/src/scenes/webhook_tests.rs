//! Seed 001's own bodies, and what may differ from them.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde_json::json;

use super::*;

const VIDEO: &str = r#"{"task_id":"task_1234567890_abc","status":"completed","scene_id":"scene_001",
    "project_id":"proj_xyz","video_url":"https://cdn.example.com/videos/scene_001.mp4",
    "thumbnail_url":"https://cdn.example.com/thumbnails/scene_001.jpg","duration":5.0,"fps":24,
    "width":1920,"height":1080,"quality_score":8.5,"metadata":{"model":"runway-gen3-alpha"},
    "timestamp":"2025-10-04T10:30:00.000Z"}"#;
const LAST_FRAME: &str = r#"{"task_id":"task_1234567890_def","status":"completed",
    "scene_id":"scene_001","project_id":"proj_xyz","format":"jpeg","width":1920,"height":1080,
    "last_frame_url":"https://cdn.example.com/frames/scene_001_last.jpg"}"#;
const STITCH: &str = r#"{"task_id":"task_1234567890_ghi","status":"completed",
    "project_id":"proj_xyz","final_video_url":"https://cdn.example.com/final/project_xyz.mp4",
    "duration":120.5,"total_scenes":24,"file_size":524288000,"format":"mp4"}"#;

fn body(changes: &Value) -> String {
    let mut body: Value = serde_json::from_str(VIDEO).unwrap();
    for (field, value) in changes.as_object().unwrap() {
        body[field] = value.clone();
    }
    body.to_string()
}

fn read(changes: &Value) -> ProviderNews {
    parse(Service::Video, body(changes).as_bytes()).unwrap().news
}

fn fault(service: Service, body: &str) -> String {
    parse(service, body.as_bytes()).unwrap_err().field
}

fn file(service: Service, body: &str) -> (Report, FileSource) {
    let report = parse(service, body.as_bytes()).unwrap();
    let ProviderNews::FileReady(source) = report.news.clone() else { panic!("{report:?}") };
    (report, source)
}

#[test]
fn reads_seed_001() {
    let (report, source) = file(Service::Video, VIDEO);
    assert_eq!(
        (report.task.as_str(), report.status.as_str()),
        ("task_1234567890_abc", "completed")
    );
    assert_eq!(
        (report.project_id.as_str(), report.scene_id.as_deref()),
        ("proj_xyz", Some("scene_001"))
    );
    assert!(source.download_url.ends_with("/videos/scene_001.mp4"));
    assert!(source.thumbnail_url.unwrap().ends_with("/thumbnails/scene_001.jpg"));
    assert_eq!(source.duration_ms, Some(5000));
    assert!(file(Service::LastFrame, LAST_FRAME).1.download_url.ends_with("_last.jpg"));
    let (report, film) = file(Service::Stitch, STITCH);
    assert_eq!((report.scene_id, film.duration_ms), (None, Some(120_500)));
    assert!(film.download_url.ends_with("/final/project_xyz.mp4"));
}

#[test]
fn a_task_may_be_anywhere_in_its_life() {
    assert_eq!(read(&json!({ "status": "queued" })), ProviderNews::Queued);
    let running = ProviderNews::StillRunning { progress_percent: Some(40) };
    assert_eq!(read(&json!({ "status": "processing", "progress": 40 })), running);
    assert_eq!(read(&json!({ "status": "cancelled" })), ProviderNews::Cancelled);
    let failed = read(&json!({ "status": "failed", "error": "Traceback:\n out of memory" }));
    let error = "The scene-video service failed: out of memory";
    assert_eq!(failed, ProviderNews::Failed(JobError::new(ErrorCode::ProviderFailed, error)));
    let silent = read(&json!({ "status": "failed" }));
    let error = "The scene-video service failed";
    assert_eq!(silent, ProviderNews::Failed(JobError::new(ErrorCode::ProviderFailed, error)));
}

#[test]
fn a_bad_thumbnail_is_no_obstacle() {
    let body = body(&json!({ "thumbnail_url": "javascript:x" }));
    assert_eq!(file(Service::Video, &body).1.thumbnail_url, None);
}

#[test]
fn an_odd_duration_is_no_obstacle() {
    for (duration, milliseconds) in
        [(json!("4.0416"), Some(4042)), (json!(-1), None), (json!(1e300), None), (json!({}), None)]
    {
        let body = body(&json!({ "duration": duration }));
        assert_eq!(file(Service::Video, &body).1.duration_ms, milliseconds, "{duration}");
    }
}

#[test]
fn names_the_field_at_fault() {
    for (changes, field) in [
        (json!({ "task_id": null }), "task_id"),
        (json!({ "task_id": "../cancel" }), "task_id"),
        (json!({ "status": 7 }), "status"),
        (json!({ "status": "melted" }), "status"),
        (json!({ "project_id": "" }), "project_id"),
        (json!({ "scene_id": null }), "scene_id"),
        (json!({ "video_url": null }), "video_url"),
        (json!({ "video_url": "ftp://x" }), "video_url"),
    ] {
        assert_eq!(fault(Service::Video, &body(&changes)), field, "{changes}");
    }
    assert_eq!(fault(Service::Stitch, "[]"), "body");
    assert_eq!(fault(Service::LastFrame, VIDEO), "last_frame_url");
}

proptest! {
    #[test]
    fn no_bytes_panic(body: Vec<u8>) {
        let _ = parse(Service::Stitch, &body).is_ok();
    }
}
