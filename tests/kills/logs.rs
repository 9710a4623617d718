//! What the log shows of a whole job at the highest level that can be asked for.

use std::time::Duration;

use serde_json::json;
use tests::world::{API_KEY, SIGNING_KEY};
use tests::{Client, Receiver};
use tokio::time::{sleep, timeout};

use crate::jobs::{environment, start_studio};
use crate::process::Program;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_level_shows_a_secret_or_a_presigned_url() {
    let studio = start_studio().await;
    let receiver = Receiver::start(runtime::Clock::system()).await;
    let folder = tempfile::tempdir().unwrap();
    let level = ("RUST_LOG".to_owned(), "trace".to_owned());
    let program = Program::new(folder.path(), environment(studio.url()).chain([level]));
    let client = Client::new(&program.api_url(), Some(API_KEY));
    let (process, _) = program.up(&client).await;

    let webhook_url = format!("{}?key=query-secret", receiver.url());
    let body = json!({ "text": "zebra umbrella", "language": "oromo", "webhook_url": webhook_url,
        "metadata": { "note": "metadata-secret" } });
    let job = client.post("/v1/tts/async", &body).await.json()["job_id"].clone();
    let job = job.as_str().unwrap();
    let completed = async {
        while client.job(job).await["status"] != "completed" || receiver.about(job).is_empty() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_mins(2), completed).await.expect("the job is completed");
    let path = format!("/v1/download/{job}");
    let file = client.get_with(&path, ("accept", "application/json")).await.json();
    let presigned = file["url"].as_str().unwrap();
    assert_eq!(client.with_key(None).get(presigned).await.status, 200);
    let token = client.job(job).await["audio_url"].to_string();
    let token = token.rsplit("token=").next().unwrap().trim_end_matches('"').to_owned();
    drop(process);

    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(log.contains(job), "the log shows the job: {log}");
    for secret in [
        "X-Amz-Signature",
        "X-Amz-Credential",
        "confirm-download",
        "/confirm",
        "query-secret",
        "metadata-secret",
        "zebra umbrella",
        "runpod-key",
        API_KEY,
        SIGNING_KEY,
        &token,
    ] {
        assert!(!log.contains(secret), "the log shows {secret}: {log}");
    }
    studio.stop().await;
}
