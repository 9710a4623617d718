//! Large files, of which several parts are pulled at the same time: stored whole and in order, or by one
//! request where their source does not answer with exactly the parts.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests::{World, wav};
use tokio::net::TcpListener;

/// Just large enough.
const BYTES: usize = 64 * 1024 * 1024;
/// How long its host takes to begin, so that it does not count as fast after the first 16 MiB.
const SLOW: Duration = Duration::from_millis(400);
/// How many parts are requested at a time.
const AT_ONCE: usize = 4;

/// What a source does with requests for parts that have an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parts {
    /// It sends them once so many have been requested at the same time as are to be.
    Sent,
    /// It sends five; then its file is another, which `If-Range` makes known.
    Changed,
    /// The same, but it goes on to send parts, of the other file.
    Swapped,
    /// It sends the whole file.
    Ignored,
    /// It sends those one byte further.
    Shifted,
}

/// A host of one large file.
struct Host {
    parts: Parts,
    files: [Bytes; 2],
    has_changed: AtomicBool,
    /// The ranges that were requested; empty for the whole file.
    ranges: Mutex<Vec<String>>,
    /// How many of them have an end.
    bounded: AtomicUsize,
}

impl Host {
    /// Starts one; its URL.
    async fn start(parts: Parts) -> (Arc<Self>, String) {
        let host = Arc::new(Self {
            parts,
            files: [speech(1), speech(2)],
            has_changed: AtomicBool::new(false),
            ranges: Mutex::default(),
            bounded: AtomicUsize::new(0),
        });
        let get =
            async |State(host): State<Arc<Self>>, headers: HeaderMap| host.get(&headers).await;
        let router = Router::new().fallback(get).with_state(Arc::clone(&host));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/a.wav", listener.local_addr().unwrap());
        tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        (host, url)
    }

    async fn get(&self, headers: &HeaderMap) -> Response {
        let text = |name| headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        let (range, if_range) = (text("range"), text("if-range"));
        self.ranges.lock().unwrap().push(range.clone());
        let Some((first, last)) = range.strip_prefix("bytes=").and_then(|it| it.split_once('-'))
        else {
            tokio::time::sleep(SLOW).await;
            return self.whole();
        };
        let first: usize = first.parse().unwrap();
        if last.is_empty() {
            let same = if_range.is_empty() || if_range == self.etag();
            return if same { self.part(first, BYTES - 1) } else { self.whole() };
        }
        self.bounded(first, last.parse().unwrap(), &if_range).await
    }

    async fn bounded(&self, first: usize, last: usize, if_range: &str) -> Response {
        let nth = self.bounded.fetch_add(1, Ordering::SeqCst);
        while self.bounded.load(Ordering::SeqCst) < AT_ONCE {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let changes = matches!(self.parts, Parts::Changed | Parts::Swapped);
        self.has_changed.fetch_or(changes && nth >= 5, Ordering::SeqCst);
        match self.parts {
            Parts::Ignored => self.whole(),
            Parts::Shifted => self.part(first + 1, (last + 1).min(BYTES - 1)),
            Parts::Changed if if_range != self.etag() => self.whole(),
            _ => self.part(first, last),
        }
    }

    fn file(&self) -> &Bytes {
        &self.files[usize::from(self.has_changed.load(Ordering::SeqCst))]
    }

    fn etag(&self) -> &'static str {
        if self.has_changed.load(Ordering::SeqCst) { "\"b\"" } else { "\"a\"" }
    }

    fn whole(&self) -> Response {
        ([("etag", self.etag()), ("accept-ranges", "bytes")], self.file().clone()).into_response()
    }

    fn part(&self, first: usize, last: usize) -> Response {
        let range = format!("bytes {first}-{last}/{BYTES}");
        let headers = [("etag", self.etag().to_owned()), ("content-range", range)];
        let body = self.file().slice(first..=last);
        (StatusCode::PARTIAL_CONTENT, headers, body).into_response()
    }
}

/// A WAV file, of which two parts are never alike.
fn speech(seed: u32) -> Bytes {
    let data = u32::try_from(BYTES - 44).unwrap();
    let mut file = wav::sample()[..44].to_vec();
    file[4..8].copy_from_slice(&(data + 36).to_le_bytes());
    file[40..44].copy_from_slice(&data.to_le_bytes());
    let words = (0..data / 4).map(|nth| (nth ^ (seed << 28)).to_le_bytes());
    file.extend(words.flatten());
    file.into()
}

/// Has a text spoken whose file is on a host that does so with parts; the job when it is completed.
async fn pull(world: &World, parts: Parts) -> (Arc<Host>, Value) {
    let (host, url) = Host::start(parts).await;
    let id = world.client.speak("Akkam jirta?", &world.receiver.url()).await;
    world.quiet().await;
    let mut body = world.provider.file_ready(&id);
    body["download_url"] = json!(url);
    let answer = world.client.with_key(None).post(&world.provider.callback(), &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let job = world.run_until_job(&id, "completed").await;
    assert_eq!((world.provider.runs().len(), world.provider.confirmations().len()), (1, 1));
    (host, job)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_file_is_pulled_by_several_connections_and_stored_in_order() {
    let world = World::new().await;
    let (host, job) = pull(&world, Parts::Sent).await;
    let file = super::files::stored(&world, &job).await;
    assert!(file == host.files[0]);
    assert_eq!(job["outputs"][0]["sha256"], hex::encode(Sha256::digest(&file)));
    let ranges = host.ranges.lock().unwrap();
    let bounded = host.bounded.load(Ordering::SeqCst);
    assert_eq!((ranges[0].as_str(), ranges.len()), ("", bounded + 1), "{ranges:?}");
    assert!(bounded >= 12, "{ranges:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_of_a_large_file_are_not_joined() {
    for parts in [Parts::Changed, Parts::Swapped] {
        let world = World::new().await;
        let (host, job) = pull(&world, parts).await;
        let sha256 = hex::encode(Sha256::digest(&host.files[1]));
        assert_eq!(job["outputs"][0]["sha256"], sha256, "{parts:?}");
        let ranges = host.ranges.lock().unwrap();
        // Not necessarily the last to arrive: parts that nobody waits for any more may come after it.
        let rest = ranges.iter().filter(|range| range.ends_with('-')).count();
        assert_eq!(rest, 1, "{ranges:?}");
        assert!(host.bounded.load(Ordering::SeqCst) >= 6, "{ranges:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_file_whose_parts_are_not_sent_comes_by_one_request() {
    for parts in [Parts::Ignored, Parts::Shifted] {
        let world = World::new().await;
        let (host, job) = pull(&world, parts).await;
        let sha256 = hex::encode(Sha256::digest(&host.files[0]));
        assert_eq!(job["outputs"][0]["sha256"], sha256, "{parts:?}");
        let ranges = host.ranges.lock().unwrap();
        assert_eq!((ranges.len(), host.bounded.load(Ordering::SeqCst)), (6, AT_ONCE), "{ranges:?}");
    }
}
