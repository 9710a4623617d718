//! The life cycle of a task without faults.

use std::time::Duration;

use domain::Secret;
use serde_json::{Value, json};

use super::{Stage, settings};
use crate::post::Signer;
use crate::{Post, PostKind, Settings, Status};

#[tokio::test]
async fn a_file_is_announced_once_downloaded_confirmed_and_deleted() {
    let secret = Some(Secret::new("shared"));
    let stage = Stage::start(Settings { webhook_secret: secret, ..settings() }).await;
    let id = stage.run("job_1").await;

    let hook = stage.receiver.next().await;
    assert_eq!(hook.query, "job=job_1&token=1.abc");
    assert_eq!(hook.signature, Some(Signer::new(b"shared").unwrap().sign(&hook.raw)));
    assert_eq!(hook.body["job_id"], "job_1");
    let members: Vec<_> = hook.body.as_object().unwrap().keys().collect();
    assert_eq!(members, ["confirmation_url", "download_url", "filename", "job_id"]);

    let waiting = stage.status(&id).await;
    assert_eq!(waiting["status"], "IN_PROGRESS");
    assert_eq!(waiting["output"], hook.body);
    assert_eq!(stage.get("/check-download/job_1").await.1, json!({ "confirmed": false }));

    let file = stage.fetch(&hook.body["download_url"]).await;
    assert_eq!(file.headers()["content-type"], "audio/wav");
    let bytes = file.bytes().await.unwrap();
    assert_eq!((&bytes[..4], &bytes[8..12]), (&b"RIFF"[..], &b"WAVE"[..]));

    assert_eq!(stage.confirm(&hook.body["confirmation_url"]).await, 200);
    stage.studio.until(|tasks| tasks[0].status == Status::Completed).await;
    assert_eq!(stage.confirm(&hook.body["confirmation_url"]).await, 200);
    assert_eq!(stage.get("/check-download/job_1").await.1, json!({ "confirmed": true }));
    assert_eq!(stage.fetch(&hook.body["download_url"]).await.status(), 404);
    let ended = stage.status(&id).await;
    assert_eq!(ended["output"]["bytes"], json!(bytes.len()));
    assert_eq!(ended["output"]["confirmed"], true);
    assert!(ended["delayTime"].is_u64() && ended["executionTime"].is_u64());

    let task = &stage.studio.tasks()[0];
    assert_eq!(task.posts, [Post { kind: PostKind::FileReady, answer: Some(200) }]);
    assert_eq!((task.fetches, task.confirmed), (1, true));
    stage.studio.stop().await;
}

#[tokio::test]
async fn an_unconfirmed_file_is_deleted_after_the_timeout() {
    let confirmation_timeout = Duration::from_millis(20);
    let stage = Stage::start(Settings { confirmation_timeout, ..settings() }).await;
    let id = stage.run("job_1").await;
    let hook = stage.receiver.next().await;
    stage.studio.until(|tasks| tasks[0].status == Status::Completed).await;
    assert_eq!(stage.status(&id).await["output"]["confirmed"], false);
    assert_eq!(stage.fetch(&hook.body["download_url"]).await.status(), 404);
    assert_eq!(stage.confirm(&hook.body["confirmation_url"]).await, 404);
}

#[tokio::test]
async fn a_range_is_served_for_the_same_file_only() {
    let stage = Stage::start(settings()).await;
    stage.run("job_1").await;
    let hook = stage.receiver.next().await;
    let url = hook.body["download_url"].as_str().unwrap();
    let whole = stage.client.get(url).send().await.unwrap();
    let etag = whole.headers()["etag"].to_str().unwrap().to_owned();
    let whole = whole.bytes().await.unwrap();

    let part = stage.client.get(url).header("range", "bytes=100-").header("if-range", &etag);
    let part = part.send().await.unwrap();
    assert_eq!(part.status(), 206);
    let range = format!("bytes 100-{}/{}", whole.len() - 1, whole.len());
    assert_eq!(part.headers()["content-range"], range.as_str());
    assert_eq!(part.bytes().await.unwrap(), whole.slice(100..));

    let other = stage.client.get(url).header("range", "bytes=100-").header("if-range", "\"x\"");
    assert_eq!(other.send().await.unwrap().status(), 200);
    let beyond = stage.client.get(url).header("range", "bytes=9999999-");
    assert_eq!(beyond.send().await.unwrap().status(), 416);
}

#[tokio::test]
async fn bad_requests_are_refused_as_by_runpod() {
    let stage = Stage::start(settings()).await;
    let url = format!("{}/v2/tts/run", stage.studio.url());
    let wrong_key = stage.client.post(&url).bearer_auth("wrong").body("{}").send().await.unwrap();
    assert_eq!(wrong_key.status(), 401);
    assert_eq!(stage.client.post(&url).body("{}").send().await.unwrap().status(), 401);
    for body in ["", "[]", "{}", r#"{"input": "text"}"#] {
        assert_eq!(stage.post("/v2/tts/run", body).await.0, 400, "{body}");
    }
    assert_eq!(stage.get("/v2/tts/status/unknown").await.0, 404);
    assert_eq!(stage.post("/v2/tts/cancel/unknown", "").await.0, 404);
    assert_eq!(stage.get("/v2/tts/health").await.1["jobs"]["inQueue"], 0);
    assert!(stage.studio.tasks().is_empty());
}

#[tokio::test]
async fn wrong_input_fails_and_its_webhook_is_retried_until_a_200() {
    let stage = Stage::start(settings()).await;
    stage.receiver.answer_with(&[200, 202, 500]);
    let run = json!({
        "input": { "text": "Hello", "language": "klingon", "job_id": "job_1" },
        "webhook": stage.receiver.url("/runpod"),
    });
    stage.post("/v2/tts/run", run.to_string()).await;
    let report = stage.receiver.next().await;
    assert_eq!(report.body["status"], "FAILED");
    // RunPod's SDK reports an exception as a text of JSON.
    let error: Value = serde_json::from_str(report.body["error"].as_str().unwrap()).unwrap();
    assert_eq!(error["error_type"], "<class 'ValueError'>");
    assert!(error["error_message"].as_str().unwrap().starts_with("language: "), "{error}");
    stage.studio.until(|tasks| tasks[0].posts.len() == 3).await;
    let answers: Vec<_> = stage.studio.tasks()[0].posts.iter().map(|post| post.answer).collect();
    assert_eq!(answers, [Some(500), Some(202), Some(200)]);
}

#[tokio::test]
async fn a_cancelled_task_deletes_its_file() {
    let stage = Stage::start(settings()).await;
    let id = stage.run("job_1").await;
    let hook = stage.receiver.next().await;
    let (_, answer) = stage.post(&format!("/v2/tts/cancel/{id}"), "").await;
    assert_eq!(answer, json!({ "id": id, "status": "CANCELLED" }));
    assert_eq!(stage.fetch(&hook.body["download_url"]).await.status(), 404);
    assert_eq!(stage.confirm(&hook.body["confirmation_url"]).await, 404);
    assert_eq!(stage.status(&id).await["status"], "CANCELLED");
}

#[tokio::test]
async fn a_task_times_out_by_its_policy() {
    let stage = Stage::start(settings()).await;
    let run = json!({ "input": { "text": "Hello" }, "policy": { "executionTimeout": 20 } });
    stage.post("/v2/tts/run", run.to_string()).await;
    stage.studio.until(|tasks| tasks[0].status == Status::TimedOut).await;
}

#[tokio::test]
async fn a_confirmation_applies_to_the_task_that_it_names() {
    let stage = Stage::start(settings()).await;
    stage.run("job_1").await;
    let first = stage.receiver.next().await;
    stage.run("job_1").await;
    stage.receiver.next().await;
    assert_eq!(stage.confirm(&first.body["confirmation_url"]).await, 200);
    let confirmed: Vec<_> = stage.studio.tasks().iter().map(|task| task.confirmed).collect();
    assert_eq!(confirmed, [true, false]);
    let plain = json!(format!("{}/confirm-download/job_1", stage.studio.url()));
    assert_eq!(stage.confirm(&plain).await, 200);
    stage.studio.until(|tasks| tasks.iter().all(|task| task.confirmed)).await;
}

#[tokio::test]
async fn the_work_folder_holds_only_files_that_wait_for_a_download() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tts_left.wav"), "left by a studio that was killed").unwrap();
    std::fs::write(folder.path().join("other"), "not ours").unwrap();
    let names = || -> Vec<String> {
        let entries = std::fs::read_dir(folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    let work_dir = Some(folder.path().to_owned());
    let stage = Stage::start(Settings { work_dir, ..settings() }).await;
    assert_eq!(names(), ["other"]);
    stage.run("job_1").await;
    stage.receiver.next().await;
    assert_eq!(names().len(), 2);
    stage.studio.stop().await;
    assert_eq!(names(), ["other"]);
}
