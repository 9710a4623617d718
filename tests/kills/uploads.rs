//! A large file that is under way at each kill: it is stored whole, paid for once, and no part of an upload
//! that nobody can finish stays on the disk.

use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_LENGTH;
use futures::stream;
use serde_json::{Value, json};
use tests::world::API_KEY;
use tests::{Client, Provider, Receiver, wav};
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

use crate::jobs::environment;
use crate::process::{AGAIN, Program};

const KILLS: usize = 3;
/// Two parts of an upload and a half.
const BYTES: usize = 40 * 1024 * 1024;
/// How much its source sends at a time, and how often.
const CHUNK: usize = 512 * 1024;
const PAUSE: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_mins(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_file_under_way_survives_kill_9() {
    let (provider, file) = (Provider::start().await, speech());
    let receiver = Receiver::start(runtime::Clock::system()).await;
    let source = serve_slowly(file.clone()).await;
    let folder = tempfile::tempdir().unwrap();
    let objects = folder.path().join("data/s3");
    let program = Program::new(folder.path(), environment(provider.url()));
    let client = Client::new(&program.api_url(), Some(API_KEY));
    let (mut process, _) = program.up(&client).await;
    let id = client.speak("Akkam jirta?", &receiver.url()).await;
    timeout(PATIENCE, until(|| !provider.runs().is_empty())).await.expect("it is submitted");
    let mut ready = provider.file_ready(&id);
    ready["download_url"] = json!(source);
    assert_eq!(client.with_key(None).post(&provider.callback(), &ready).await.status, 200);
    for _ in 0..KILLS {
        let is_under_way = || unfinished(&objects).iter().any(|name| name.contains(".part-"));
        timeout(PATIENCE, until(is_under_way)).await.expect("a part is stored");
        // SIGKILL: the program has no chance to put anything in order.
        drop(process);
        let left = unfinished(&objects);
        process = program.up(&client).await.0;
        let still = unfinished(&objects);
        assert!(left.iter().all(|name| !still.contains(name)), "{left:?} {still:?}");
    }
    let job = timeout(PATIENCE, completed(&client, &id)).await.expect("it is stored");
    let redirect = client.with_key(None).get(job["audio_url"].as_str().unwrap()).await;
    let stored = client.with_key(None).get(redirect.header("location")).await;
    assert!(stored.bytes == file);
    let sha256 = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&file));
    assert_eq!(job["outputs"][0]["sha256"], sha256);
    assert_eq!(provider.runs().len(), 1);
    assert_eq!(unfinished(&objects), [""; 0]);
}

/// A WAV file whose parts are not alike.
fn speech() -> Bytes {
    let data = u32::try_from(BYTES - 44).unwrap();
    let mut file = wav::sample()[..44].to_vec();
    file[4..8].copy_from_slice(&(data + 36).to_le_bytes());
    file[40..44].copy_from_slice(&data.to_le_bytes());
    file.extend((0..data / 4).flat_map(u32::to_le_bytes));
    file.into()
}

/// A host that sends `file` to each request, slowly; its URL.
async fn serve_slowly(file: Bytes) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/a.wav", listener.local_addr().unwrap());
    let router = Router::new().fallback(async move || {
        let rest = stream::unfold(file, async |mut file| {
            sleep(PAUSE).await;
            let chunk = file.split_to(CHUNK.min(file.len()));
            (!chunk.is_empty()).then_some((Ok::<_, std::io::Error>(chunk), file))
        });
        ([(CONTENT_LENGTH, BYTES.to_string())], Body::from_stream(rest))
    });
    tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
    url
}

/// The names of all files of unfinished uploads.
fn unfinished(objects: &Path) -> Vec<String> {
    let names = objects.read_dir().unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.into_string().unwrap());
    names.filter(|name| name.contains(".upload")).collect()
}

async fn until(done: impl Fn() -> bool) {
    while !done() {
        sleep(AGAIN).await;
    }
}

/// Resolves with the job when it is completed.
async fn completed(client: &Client, id: &str) -> Value {
    loop {
        let job = client.job(id).await;
        match job["status"].as_str().unwrap() {
            "completed" => return job,
            "failed" => panic!("{job}"),
            _ => sleep(AGAIN).await,
        }
    }
}
