//! Clipping jobs: the client API, the worker's events, and what is stored of them.

mod create;
mod faults;
mod flows;
mod orders;
mod partial;
mod progress;

use domain::Secret;
use serde_json::{Value, json};
use signing::hex_hmac;
use tests::world::CLIPPING_WEBHOOK_SECRET;
use tests::{Answer, World};

pub const CLIPPING: &str = "/v1/clipping/async";
pub const AGENT: &str = "/ai-clipping-agent/jobs";

/// What the worker calls the first task that it is given.
pub const TASK: &str = "task-1";

/// How long a clip of the tests plays, as the worker says.
pub const CLIP_MS: u64 = 45_000;

/// A request for clips of a video.
pub fn request(world: &World) -> Value {
    json!({ "video_url": "https://www.youtube.com/watch?v=dQw4w9WgXcQ", "max_clips": 5,
        "webhook_url": world.receiver.url(), "metadata": { "order": 7 } })
}

/// Submits it, and waits until the worker has it; the job's id.
pub async fn submit(world: &World) -> String {
    let answer = world.client.post(CLIPPING, &request(world)).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    world.quiet().await;
    let id = text(&answer.json(), "job_id").to_owned();
    assert_eq!(world.client.job(&id).await["step"], "running");
    id
}

/// The text of a member of an answer.
pub fn text<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer[name].as_str().unwrap_or_else(|| panic!("{name}: {answer}"))
}

/// What every event about `job` has.
pub fn event(name: &str, status: &str, job: &str, task: &str, percent: u8, step: &str) -> Value {
    json!({ "event": format!("job.{name}"), "timestamp": "2024-11-28T10:30:00.000Z", "job_id": task,
        "external_job_id": job, "owner_user_id": "user_789", "status": status,
        "progress_percent": percent, "current_step": step })
}

pub fn started(job: &str, task: &str) -> Value {
    event("started", "running", job, task, 5, "Downloading video...")
}

pub fn progress(job: &str, task: &str, percent: u8, done: u32) -> Value {
    let step = format!("Rendering clip {}/5...", done + 1);
    let mut event = event("progress", "running", job, task, percent, &step);
    event["clips_completed"] = json!(done);
    event["total_clips"] = json!(5);
    event
}

/// The end of a task that has made `clips`, which lie with the provider of `world`.
pub fn completed(world: &World, job: &str, task: &str, clips: u32) -> Value {
    let file = |name: &str| format!("{}/output/{name}", world.provider.url());
    let clip = |index: u32| {
        json!({ "clip_index": index, "s3_url": file(&format!("clip_{index:02}.mp4")),
            "duration_ms": CLIP_MS, "virality_score": 0.92, "summary": "Key insight about..." })
    };
    let mut event = event("completed", "succeeded", job, task, 100, "Processing complete!");
    event["clips_completed"] = json!(clips);
    event["total_clips"] = json!(clips);
    event["output"] = json!({ "total_clips": clips, "source_video_title": "My Amazing Video",
        "processing_time_seconds": 482.5, "clips": (0..clips).map(clip).collect::<Vec<_>>(),
        "transcript_url": file("transcript.json"), "plan_url": file("plan.json") });
    event
}

pub fn failed(job: &str, task: &str) -> Value {
    let mut event = event("failed", "failed", job, task, 15, "Processing failed");
    event["error"] = json!("Failed to download video: Video is unavailable");
    event
}

/// The callback URL of the job's last task.
pub fn callback(world: &World) -> String {
    let runs = world.provider.runs();
    text(runs.last().expect("a task was submitted"), "callback_url").to_owned()
}

/// Has the worker send `event`, signed.
pub async fn post(world: &World, url: &str, event: &Value) -> Answer {
    let body = event.to_string();
    let secret = Secret::new(CLIPPING_WEBHOOK_SECRET);
    let signature = hex_hmac::sign(&secret, body.as_bytes()).unwrap();
    let client = world.client.with_key(None);
    client.post_with(url, &[(hex_hmac::SIGNATURE_HEADER, &signature)], body).await
}

/// The same, which must be taken.
pub async fn send(world: &World, event: &Value) {
    let answer = post(world, &callback(world), event).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "received": true })), "{event}");
}

/// The names of a job's outputs.
pub fn names(job: &Value) -> Vec<&str> {
    job["outputs"].as_array().unwrap().iter().map(|output| text(output, "name")).collect()
}
