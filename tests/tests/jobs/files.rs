//! Sources that give a file late, elsewhere, in pieces or wrongly: it is stored whole, with one run.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hookreel_local::aws::{Call, Fault};
use serde_json::json;
use sha2::{Digest, Sha256};
use tests::{World, wav};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A host that answers the first request with the first of its answers, and so on; the last one
/// repeats. It ends with the test.
pub(crate) struct Source {
    pub(crate) url: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Source {
    pub(crate) async fn start(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let source = Self { url, heads: Arc::default() };
        let heads = Arc::clone(&source.heads);
        tokio::spawn(async move {
            for nth in 0.. {
                let Ok((stream, _)) = listener.accept().await else { return };
                answer(stream, &answers[nth.min(answers.len() - 1)], &heads).await;
            }
        });
        source
    }

    /// The heads of the requests, in lower case.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

async fn answer(mut stream: TcpStream, bytes: &[u8], heads: &Mutex<Vec<String>>) -> Option<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    }
    // Before the answer, after which a test may look at once.
    heads.lock().unwrap().push(String::from_utf8_lossy(&request).to_lowercase());
    stream.write_all(bytes).await.ok()?;
    stream.shutdown().await.ok()?;
    while stream.read_buf(&mut Vec::with_capacity(64)).await.ok()? > 0 {}
    Some(())
}

/// An answer with `headers`, each on a line of its own.
pub(crate) fn response(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let lines = headers.replace('\n', "\r\n");
    let end = if headers.is_empty() { "" } else { "\r\n" };
    [format!("HTTP/1.1 {status} x\r\n{lines}{end}\r\n").as_bytes(), body].concat()
}

/// Has a text spoken whose file lies at `path` of a source with these answers.
async fn speak(world: &World, path: &str, answers: Vec<Vec<u8>>) -> (String, Source) {
    let source = Source::start(answers).await;
    let id = world.client.speak("Akkam jirta?", &world.receiver.url()).await;
    world.quiet().await;
    let mut body = world.provider.file_ready(&id);
    body["download_url"] = json!(format!("{}{path}", source.url));
    let answer = world.client.with_key(None).post(&world.provider.callback(), &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    (id, source)
}

/// A WAV file of which a part is in the bucket before all of it has come.
fn speech() -> Vec<u8> {
    let samples: Vec<u8> = (0..80_000_u32).map(|n| (n % 251).to_le_bytes()[0]).collect();
    let mut file = wav::sample()[..44].to_vec();
    file[4..8].copy_from_slice(&80_036_u32.to_le_bytes());
    file[40..44].copy_from_slice(&80_000_u32.to_le_bytes());
    [file, samples].concat()
}

/// The file of `job` as a client downloads it.
pub(crate) async fn stored(world: &World, job: &serde_json::Value) -> Vec<u8> {
    let anyone = world.client.with_key(None);
    let redirect = anyone.get(job["audio_url"].as_str().unwrap()).await;
    anyone.get(redirect.header("location")).await.bytes.to_vec()
}

#[tokio::test]
async fn file_that_is_late_moved_and_cut_is_stored_with_one_run() {
    let world = World::new().await;
    let file = speech();
    let (third, total) = (file.len() / 3, file.len());
    let whole = format!("content-length: {total}\netag: \"a\"");
    let part =
        format!("etag: \"a\"\ncontent-range: bytes {}-{}/{total}", third - 10, 2 * third - 1);
    let rest = format!("etag: \"a\"\ncontent-range: bytes {}-{}/{total}", 2 * third, total - 1);
    let moved = || response(302, "location: /there?sig=a%2Fb\ncontent-length: 0", b"");
    let answers = vec![
        response(404, "content-length: 9", b"not found"),
        response(503, "retry-after: 5\ncontent-length: 0", b""),
        response(200, "content-length: 0", b""),
        response(200, "content-type: text/html", b"<!DOCTYPE html><html>One moment</html>"),
        // Cut, and no length says so: its header does.
        response(200, "", &file[..third]),
        moved(),
        response(200, &whole, &file[..third]),
        moved(),
        response(206, &part, &file[third - 10..2 * third]),
        moved(),
        response(206, &rest, &file[2 * third..]),
    ];
    let requests = answers.len();
    let (id, source) = speak(&world, "/output/my speech.wav", answers).await;
    let job = world.run_until_job(&id, "completed").await;
    assert!(stored(&world, &job).await == file);
    assert_eq!(job["outputs"][0]["duration_ms"], 5000);
    assert_eq!((world.provider.runs().len(), world.provider.confirmations().len()), (1, 1));
    let heads = source.heads();
    assert_eq!(heads.len(), requests, "{heads:?}");
    assert!(heads[0].starts_with("get /output/my%20speech.wav "), "{}", heads[0]);
    assert!(heads[8].starts_with("get /there?sig=a%2fb "), "{}", heads[8]);
    assert!(heads[8].contains(&format!("range: bytes={third}-")), "{}", heads[8]);
    assert!(heads[10].contains(&format!("range: bytes={}-", 2 * third)), "{}", heads[10]);
}

#[tokio::test]
async fn file_that_is_stored_already_is_adopted_though_its_source_has_gone() {
    let world = World::new().await;
    let saves = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&saves);
    // The file is stored, and the table takes no write of it for a while.
    let rule = move |call: &Call| {
        let is_saving = &*call.caller == "ingest" && call.operation.contains("Update");
        (is_saving && counted.fetch_add(1, Ordering::Relaxed) < 6).then_some(Fault::BeforeEffect)
    };
    world.cloud.aws().calls().inject(Arc::new(rule));
    let file = speech();
    let answers = vec![response(200, "", &file), response(404, "content-length: 4", b"gone")];
    let (id, source) = speak(&world, "/a.wav", answers).await;
    let job = world.run_until_job(&id, "completed").await;
    assert!(saves.load(Ordering::Relaxed) > 6);
    assert!(stored(&world, &job).await == file);
    assert_eq!(job["outputs"][0]["sha256"], hex::encode(Sha256::digest(&file)));
    assert_eq!(
        (&job["outputs"][0]["bytes"], &job["outputs"][0]["duration_ms"]),
        (&json!(file.len()), &json!(5000))
    );
    assert_eq!((source.heads().len(), world.provider.runs().len()), (1, 1));
}

#[tokio::test]
async fn two_pulls_of_one_attempt_leave_one_file_and_its_own_digest() {
    let world = World::new().await;
    let (first, mut second) = (speech(), speech());
    second[100] ^= 1;
    let answers = vec![response(200, "", &first), response(200, "", &second)];
    let source = Source::start(answers).await;
    let id = world.client.speak("Akkam jirta?", &world.receiver.url()).await;
    world.quiet().await;
    let mut body = world.provider.file_ready(&id);
    body["download_url"] = json!(format!("{}/a.wav", source.url));
    let message = json!({ "job_id": id, "attempt": 1 });
    let record = |nth: u32| {
        json!({ "messageId": nth.to_string(), "receiptHandle": "r", "body": message.to_string(),
            "attributes": { "ApproximateReceiveCount": "1" }, "eventSource": "aws:sqs" })
    };
    let twice = json!({ "Records": [record(1), record(2)] });
    // Nobody else is told that the file is there.
    let rule = |call: &Call| (&*call.caller == "relay").then_some(Fault::BeforeEffect);
    world.cloud.aws().calls().inject(Arc::new(rule));
    let answer = world.client.with_key(None).post(&world.provider.callback(), &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    world.cloud.invoke("ingest", twice).await.unwrap();
    let job = world.client.job(&id).await;
    assert_eq!(job["status"], "completed", "{job}");
    assert_eq!(source.heads().len(), 2, "both have pulled it");
    let bytes = stored(&world, &job).await;
    assert!(bytes == first || bytes == second);
    assert_eq!(job["outputs"][0]["sha256"], hex::encode(Sha256::digest(&bytes)));
}

#[tokio::test]
async fn two_versions_are_never_joined() {
    let old = speech();
    let samples: Vec<u8> = old[44..].iter().map(|byte| byte ^ 1).collect();
    let new = [&old[..44], &samples].concat();
    let (half, total) = (old.len() / 2, old.len());
    let length = format!("content-length: {total}");
    let range = format!("content-range: bytes {half}-{}/{total}", total - 1);
    for (first, second) in [
        ("etag: \"a\"", "etag: \"b\""),
        ("etag: W/\"a\"", "etag: W/\"b\""),
        (
            "last-modified: Mon, 01 Jan 2024 00:00:00 GMT",
            "last-modified: Tue, 02 Jan 2024 00:00:00 GMT",
        ),
        ("etag: \"a\"", "x-none: 1"),
        ("x-none: 1", "x-none: 1"),
    ] {
        let world = World::new().await;
        let cut = response(200, &format!("{length}\n{first}"), &old[..half]);
        let part = response(206, &format!("{range}\n{second}"), &new[half..]);
        let whole = response(200, &format!("{length}\n{second}"), &new);
        // Without a validator, no part is requested.
        let answers = if first == "x-none: 1" { vec![cut, whole] } else { vec![cut, part, whole] };
        let (id, _source) = speak(&world, "/a.wav", answers).await;
        let job = world.run_until_job(&id, "completed").await;
        assert!(stored(&world, &job).await == new, "{first} {second}");
        assert_eq!(world.provider.runs().len(), 1);
    }
}

#[tokio::test]
async fn file_is_lost_once_its_worker_has_gone() {
    let world = World::new().await;
    let (id, source) = speak(&world, "/a.wav", vec![response(404, "content-length: 0", b"")]).await;
    let announced = world.clock.now();
    world.run_until("it is made again", async || world.provider.runs().len() == 2).await;
    let waited = world.clock.now().since(announced);
    assert!((60..65).contains(&waited.as_secs()), "{waited:?}");
    assert!(source.heads().len() >= 10, "{}", source.heads().len());
    let fine = world.provider.file_ready(&id);
    let answer = world.client.with_key(None).post(&world.provider.callback(), &fine).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    world.run_until_job(&id, "completed").await;
}

#[tokio::test]
async fn file_that_stays_wrong_fails_the_job_without_another_run() {
    let world = World::new().await;
    let page = response(200, "", b"<!DOCTYPE html><html>Error</html>");
    let (id, source) = speak(&world, "/a.wav", vec![page]).await;
    let announced = world.clock.now();
    let job = world.run_until_job(&id, "failed").await;
    assert!(world.clock.now().since(announced) >= Duration::from_mins(1));
    assert_eq!(job["error"]["code"], "file_invalid", "{job}");
    assert!(source.heads().len() >= 10 && world.provider.runs().len() == 1);
}

#[tokio::test]
async fn what_cannot_get_better_is_final_at_once() {
    let moved = response(302, "location: https://10.0.0.1/a.wav\ncontent-length: 0", b"");
    let huge = response(200, "content-length: 99999999999", b"");
    for answer in [moved, huge] {
        let world = World::new().await;
        let (id, source) = speak(&world, "/a.wav", vec![answer]).await;
        world.quiet().await;
        let job = world.client.job(&id).await;
        assert_eq!(job["error"]["code"], "file_invalid", "{job}");
        assert_eq!((source.heads().len(), world.provider.runs().len()), (1, 1));
    }
}
