//! The payloads of the contract's examples, to the letter.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use tempfile::TempPath;

use super::*;
use crate::clipping::analysis::Frame;
use crate::clipping::order::Order;
use crate::clipping::outcome::Clip;
use crate::clipping::scene::{Scene, choose, split};
use crate::output::KeptFile;
use crate::stored_file::StoredFile;

fn task() -> ClippingTask {
    let order: Map<String, Value> = serde_json::from_value(json!({
        "video_url": "https://example.com/video.mp4",
        "external_job_id": "550e8400-e29b-41d4-a716-446655440000",
        "owner_user_id": "user_789",
    }))
    .unwrap();
    ClippingTask::new("abc-123".to_owned(), 0, Arc::new(Order::read(&order).unwrap()))
}

/// The webhook as the contract prints it; without the queries of links.
fn printed(event: Event, task: &ClippingTask, time: &str) -> String {
    let links = Links::new(std::time::Duration::from_mins(1)).unwrap();
    let payload = webhook(event, task, &links, time.parse().unwrap());
    let text = serde_json::to_string_pretty(&payload).unwrap();
    let cut = |part: &str| part.split("?X-Amz-").next().unwrap_or_default().to_owned();
    text.split('"').map(cut).collect::<Vec<_>>().join("\"")
}

#[test]
fn a_started_task_is_reported_as_in_the_contract() {
    let mut task = task();
    task.advance(5, "Downloading video...".to_owned());
    let expected = r#"{
  "event": "job.started",
  "timestamp": "2024-11-28T10:30:00.000Z",
  "job_id": "abc-123",
  "external_job_id": "550e8400-e29b-41d4-a716-446655440000",
  "owner_user_id": "user_789",
  "status": "running",
  "progress_percent": 5,
  "current_step": "Downloading video..."
}"#;
    assert_eq!(printed(Event::Started, &task, "2024-11-28T10:30:00.000Z"), expected);
}

#[test]
fn progress_is_reported_as_in_the_contract() {
    let mut task = task();
    task.advance(65, "Rendering clip 3/5...".to_owned());
    task.clips = Some((2, 5));
    let expected = r#"{
  "event": "job.progress",
  "timestamp": "2024-11-28T10:32:00.000Z",
  "job_id": "abc-123",
  "external_job_id": "550e8400-e29b-41d4-a716-446655440000",
  "status": "running",
  "progress_percent": 65,
  "current_step": "Rendering clip 3/5...",
  "clips_completed": 2,
  "total_clips": 5
}"#;
    assert_eq!(printed(Event::Progress, &task, "2024-11-28T10:32:00.000Z"), expected);
}

#[test]
fn a_failure_is_reported_as_in_the_contract() {
    let mut task = task();
    task.advance(15, "Finding scenes...".to_owned());
    task.end(Err("Failed to download video: Video is unavailable".to_owned()));
    let expected = r#"{
  "event": "job.failed",
  "timestamp": "2024-11-28T10:32:00.000Z",
  "job_id": "abc-123",
  "external_job_id": "550e8400-e29b-41d4-a716-446655440000",
  "status": "failed",
  "progress_percent": 15,
  "current_step": "Processing failed",
  "error": "Failed to download video: Video is unavailable"
}"#;
    assert_eq!(printed(Event::Failed, &task, "2024-11-28T10:32:00.000Z"), expected);
}

/// A scene of 45 seconds.
fn scene() -> Scene {
    let frame = |seconds| Frame { seconds, motion: 46.0, contrast: 255.0, change: 0.0 };
    choose(&split(&[frame(0.0), frame(1.0)], 45.0), 1)[0]
}

async fn kept(folder: &std::path::Path, name: &str) -> KeptFile {
    let path = folder.join(name.rsplit('/').next().unwrap());
    std::fs::write(&path, "content").unwrap();
    let file = StoredFile::at(path.clone(), "video/mp4").await.unwrap();
    let url = format!("https://bucket.s3.amazonaws.com/{name}");
    KeptFile::new(file, url, TempPath::try_from_path(path).unwrap())
}

#[tokio::test]
async fn a_success_is_reported_as_in_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let mut outputs = Vec::new();
    for name in ["clips/clip_00.mp4", "transcript.json", "plan.json"] {
        outputs.push(kept(folder.path(), name).await);
    }
    let mut task = task();
    task.end(Ok(Outcome {
        outputs,
        clips: vec![Clip { scene: scene(), duration_ms: 45_000 }],
        title: "My Amazing Video".to_owned(),
        processing_seconds: 482.5,
    }));
    let expected = r#"{
  "event": "job.completed",
  "timestamp": "2024-11-28T10:38:00.000Z",
  "job_id": "abc-123",
  "external_job_id": "550e8400-e29b-41d4-a716-446655440000",
  "status": "succeeded",
  "progress_percent": 100,
  "current_step": "Processing complete!",
  "clips_completed": 1,
  "total_clips": 1,
  "output": {
    "total_clips": 1,
    "source_video_title": "My Amazing Video",
    "processing_time_seconds": 482.5,
    "clips": [
      {
        "clip_index": 0,
        "s3_url": "https://bucket.s3.amazonaws.com/clips/clip_00.mp4",
        "duration_ms": 45000,
        "virality_score": 0.95,
        "summary": "Scene 1 from 0.0 s to 45.0 s: much motion, much contrast"
      }
    ],
    "transcript_url": "https://bucket.s3.amazonaws.com/transcript.json",
    "plan_url": "https://bucket.s3.amazonaws.com/plan.json"
  }
}"#;
    assert_eq!(printed(Event::Completed, &task, "2024-11-28T10:38:00.000Z"), expected);
}
