//! Jobs: every acknowledged one ends completed, and its webhook arrives.

use std::sync::Arc;
use std::time::Duration;

use domain::Secret;
use hookreel_studio::{Engine, Settings, Studio};
use http::Method;
use serde_json::json;
use tests::dice::mixed;
use tests::world::{API_KEY, SIGNING_KEY};
use tests::{Client, Receiver};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::process::{AGAIN, Program};

const KILLS: u64 = 50;
const JOBS: u64 = 200;
/// Lives of the program last so long at least, and so much longer at most, in milliseconds.
const LIFE_MS: (u64, u64) = (10, 200);
/// How long everything may take together. A claim whose worker died is respected for two minutes;
/// on a machine so busy that a provider's answer comes too late, the one after it is too.
const PATIENCE: Duration = Duration::from_mins(15);
const SEED: u64 = 7;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_job_survives_kill_9() {
    let began = Instant::now();
    let studio = start_studio().await;
    let receiver = Receiver::start(runtime::Clock::system()).await;
    let folder = tempfile::tempdir().unwrap();
    let program = Program::new(folder.path(), environment(studio.url()));
    let client = Arc::new(Client::new(&program.api_url(), Some(API_KEY)));
    let mut clients = JoinSet::new();
    let mut slowest_start = Duration::ZERO;
    for life in 0..KILLS {
        let (process, start) = program.up(&client).await;
        slowest_start = slowest_start.max(start);
        for job in life * JOBS / KILLS..(life + 1) * JOBS / KILLS {
            clients.spawn(create(Arc::clone(&client), job, receiver.url()));
        }
        sleep(Duration::from_millis(LIFE_MS.0 + mixed(SEED ^ life) % LIFE_MS.1)).await;
        // SIGKILL: the program has no chance to put anything in order.
        drop(process);
    }
    let (_process, _) = program.up(&client).await;
    let killed = began.elapsed();
    let deadline = began + PATIENCE;
    let acknowledged = timeout_at(deadline, clients.join_all()).await.expect("all are answered");
    assert_eq!(acknowledged.len() as u64, JOBS);
    for id in &acknowledged {
        if timeout_at(deadline, arrived(&receiver, id)).await.is_err() {
            let timeline = client.get(&format!("/v1/jobs/{id}/timeline")).await.json();
            panic!("no webhook about this job in {PATIENCE:?}: {timeline:#}");
        }
        assert_eq!(client.job(id).await["status"], "completed", "{id}");
    }
    println!(
        "{KILLS} kills in {killed:.0?}, slowest start {slowest_start:.0?}, \
         {JOBS} jobs completed after {:.0?}, {} webhooks for them, {} tasks at the provider",
        began.elapsed(),
        receiver.webhooks().len(),
        studio.tasks().len()
    );
    studio.stop().await;
}

pub async fn start_studio() -> Studio {
    let settings = Settings { engine: Engine::Tone, ..Settings::new(Secret::new("runpod-key")) };
    Studio::start(settings).await.unwrap()
}

pub fn environment(studio_url: &str) -> impl Iterator<Item = (String, String)> {
    let environment = [
        ("RUNPOD_BASE_URL", studio_url),
        ("RUNPOD_API_KEY", "runpod-key"),
        ("SIGNING_KEY", SIGNING_KEY),
        ("HOOKREEL_API_KEY", API_KEY),
        // A claim whose worker is killed before it submits is submitted after two minutes.
        ("RUNPOD_ON_UNCERTAIN", "retry"),
        // Lost webhooks are noticed after half of this.
        ("DOWNLOAD_CONFIRMATION_TIMEOUT", "6"),
    ];
    environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter()
}

/// Asks for a job until that is acknowledged; its id.
async fn create(client: Arc<Client>, number: u64, webhook_url: String) -> String {
    let body = json!({ "text": format!("Lakkoofsa {number}"), "language": "oromo",
        "webhook_url": webhook_url });
    let key = format!("order {number}");
    loop {
        let headers = [("idempotency-key", key.as_str())];
        let body = body.to_string().into();
        match client.try_send(Method::POST, "/v1/tts/async", &headers, body).await {
            Ok(answer) if answer.status == 202 => {
                return answer.json()["job_id"].as_str().unwrap().to_owned();
            }
            Ok(answer) => assert!(answer.status >= 500, "{answer:?}"),
            Err(_) => {}
        }
        sleep(AGAIN).await;
    }
}

/// Resolves when the webhook about the job has come; it may come more than once, under one id.
async fn arrived(receiver: &Receiver, id: &str) {
    let mut webhooks = receiver.about(id);
    while webhooks.is_empty() {
        let _ = timeout(Duration::from_millis(100), receiver.next()).await;
        webhooks = receiver.about(id);
    }
    for webhook in &webhooks {
        assert_eq!(webhook.json()["type"], "job.completed");
        assert_eq!(webhook.id(), webhooks[0].id());
    }
}
