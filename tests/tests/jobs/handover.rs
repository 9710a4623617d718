//! A fault at the call by which a job with a slow source is handed over to the slow lane: the file is
//! neither lost nor, pulled by both lanes, mixed up.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use domain::JobState;
use http::Method;
use serde_json::json;
use sha2::{Digest, Sha256};
use tests::{World, seed, wav};
use tokio::net::TcpListener;

use super::faults::{Story, survives_at};
use super::files::stored;
use super::flows::insist;

/// The source of a job's file is silent at first.
#[derive(Debug, Clone, Copy)]
struct SlowSource;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_source_survives_a_fault_at_its_handover() {
    let cases = survives_at(SlowSource, |caller, operation| {
        (caller, operation) == ("ingest", "SendMessage")
    });
    assert_eq!(cases.await, 2, "one call, with each fault");
}

impl Story for SlowSource {
    async fn world(self) -> World {
        World::new().await
    }

    async fn run(self, world: &World) {
        let (url, requests) = silent_at_first().await;
        let body = json!({ "text": "Akkam jirta?", "language": "oromo",
            "webhook_url": world.receiver.url() });
        let created = insist(world, Method::POST, "/v1/tts/async", &body).await;
        assert_eq!(created.status, 202, "{created:?}");
        let id = created.json()["job_id"].as_str().unwrap().to_owned();
        world.run_until("it is submitted", async || !world.provider.runs().is_empty()).await;
        let mut ready = world.provider.file_ready(&id);
        ready["download_url"] = json!(url);
        let announced = world.client.with_key(None).post(&world.provider.callback(), &ready).await;
        assert_eq!(announced.status, 200, "{announced:?}");
        let job = async || world.store().job(&seed::job_id(&id)).await.unwrap().unwrap();
        let is_stored = async || job().await.state == JobState::Completed;
        world.run_until("it is stored", is_stored).await;
        world.run_until("nothing is due", async || world.cloud.next_due().is_none()).await;

        let requests = requests.load(Ordering::SeqCst);
        // The silent one, and one for each message: two that hand the job over, if the answer to the first
        // was lost, and the one that is received again. On a busy machine all three are at work at a time.
        assert!((2..=4).contains(&requests), "{requests} requests");
        let answer = world.client.job(&id).await;
        let file = stored(world, &answer).await;
        assert_eq!(answer["outputs"][0]["sha256"], hex::encode(Sha256::digest(&file)));
        assert_eq!(world.objects().await, [job().await.outputs[0].key.clone()]);
        assert_eq!((world.provider.runs().len(), world.messages_left()), (1, Vec::new()));
        assert!(!world.provider.confirmations().is_empty());
    }
}

/// A host that never answers its first request, and the others with a file each; its URL, and how many
/// requests came.
async fn silent_at_first() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/a.wav", listener.local_addr().unwrap());
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&requests);
    let router = Router::new().fallback(async move || {
        let nth = counted.fetch_add(1, Ordering::SeqCst);
        if nth == 0 {
            std::future::pending::<()>().await;
        }
        let mut file = wav::sample();
        file[100] = u8::try_from(nth).unwrap();
        file
    });
    tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
    (url, requests)
}
