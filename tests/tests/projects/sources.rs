//! Sources of scenes' files that are slow, or give a file only after several requests: they delay
//! nobody else's files, and no scene is paid for twice.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use domain::{Attempt, JobState};
use futures::stream;
use hookreel_studio::Service;
use serde_json::{Value, json};
use tests::provider::{IMAGE, VIDEO};
use tests::world::Plan;
use tests::{World, film};
use tokio::net::TcpListener;

use crate::jobs::files::{Source, response};

/// How many instances the normal lane has here.
const LANE: usize = 16;
/// More slow sources than that.
const SLOW: usize = 30;
const FILES: usize = 100;
/// How long a speech worker keeps its file for the confirmation.
const KEPT: Duration = Duration::from_mins(1);
const TICK: Duration = Duration::from_millis(20);
/// How much faster than the machine's the clock runs, so that a worker's minute takes half of one.
const SPEED: u32 = 2;

/// A host that at first sends a byte of a video every 5 s, does not find it the second time, and
/// then sends all of it. It ends with the test.
struct Trickle {
    url: String,
    asked: Asked,
}

/// How often each path was requested.
type Asked = Arc<Mutex<HashMap<String, usize>>>;

impl Trickle {
    async fn start() -> Self {
        let asked = Asked::default();
        let router = Router::new().fallback(trickle).with_state(Arc::clone(&asked));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        Self { url, asked }
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

async fn trickle(State(asked): State<Asked>, uri: Uri) -> Response {
    let nth = {
        let mut asked = asked.lock().unwrap();
        let count = asked.entry(uri.path().to_owned()).or_default();
        *count += 1;
        *count
    };
    match nth {
        1 => bytes_every_5_s().into_response(),
        2 => StatusCode::NOT_FOUND.into_response(),
        _ => VIDEO.into_response(),
    }
}

fn bytes_every_5_s() -> Body {
    let bytes = stream::unfold(0, async |at| {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let byte = VIDEO.get(at).map(|byte| Bytes::copy_from_slice(&[*byte]))?;
        Some((Ok::<_, std::io::Error>(byte), at + 1))
    });
    Body::from_stream(bytes)
}

/// Lets the clock run on, as real clocks do, until `done`.
async fn run_clock<F: Future<Output = bool>>(world: &World, done: impl Fn() -> F) {
    while !done().await {
        tokio::time::sleep(TICK).await;
        world.pass(TICK * SPEED);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_sources_of_one_provider_delay_no_file_of_another() {
    let environment = vec![("IngestConcurrency", LANE.to_string())];
    let world = World::start(Plan { environment, ..Plan::default() }).await;
    for nth in 0..FILES {
        world.client.speak(&format!("Lakkoofsa {nth}"), &world.receiver.url()).await;
    }
    world.run_until("all texts are submitted", async || world.provider.runs().len() == FILES).await;
    for _ in 0..SLOW {
        world.create_project(&film::small(&world, 2)).await;
    }
    let all = FILES + SLOW;
    world.run_until("all scenes are submitted", async || world.provider.runs().len() == all).await;

    let trickle = Trickle::start().await;
    for nth in FILES + 1..=all {
        let slow = json!({ "video_url": format!("{}/{nth}.mp4", trickle.url) });
        let (service, body) = world.report(nth, "completed", &slow);
        assert_eq!(world.send_report(service, &body).await.status, 200);
    }
    run_clock(&world, async || trickle.asked() == LANE).await;

    let announced = world.clock.now();
    for run in &world.provider.runs()[..FILES] {
        announce(&world, run).await;
    }
    run_clock(&world, async || {
        let confirmed = world.provider.confirmations().len();
        let waited = world.clock.now().since(announced);
        assert!(waited < KEPT, "{confirmed} of {FILES} files were stored while workers kept them");
        confirmed == FILES
    })
    .await;
    let waited = world.clock.now().since(announced);
    println!("{FILES} files beside {SLOW} slow sources: the last after {waited:.1?}");
    check_slow_jobs(&world).await;
}

/// Has the worker of `run` call back that its file is ready.
async fn announce(world: &World, run: &Value) {
    let callback = run["input"]["webhook_url"].as_str().unwrap();
    let ready = world.provider.file_ready(run["input"]["job_id"].as_str().unwrap());
    let answer = world.client.with_key(None).post(callback, &ready).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// The slow files are stored too, by the slow lane, which retries them there, and none was paid for
/// twice.
async fn check_slow_jobs(world: &World) {
    let deadline = world.clock.now() + 3 * KEPT;
    for nth in FILES + 1..=FILES + SLOW {
        let id = world.job_of(nth);
        let job = async || world.store().job(&id).await.unwrap().unwrap();
        run_clock(world, async || {
            assert!(world.clock.now() < deadline, "{id} is not retried");
            job().await.state == JobState::Completed
        })
        .await;
        assert_eq!(job().await.attempt, Attempt(1), "{id}");
    }
}

#[tokio::test]
async fn film_from_sources_that_redirect_miss_and_cut_pays_each_video_once() {
    const SCENES: usize = 6;
    const STEPS: usize = 2 * SCENES + 1;
    let world = World::new().await;
    let id = world.create_project(&film::small(&world, SCENES)).await;
    let mut sources = Vec::new();
    for nth in 1..=STEPS {
        let submitted = async || world.provider.runs().len() >= nth;
        world.run_until(&format!("step {nth} is submitted"), submitted).await;
        sources.push(complete_oddly(&world, nth).await);
    }
    world.run_until_project(&id, "completed").await;
    world.run_out().await;
    let service = |nth| world.report(nth, "completed", &Value::Null).0;
    let videos = (1..=world.provider.runs().len()).filter(|nth| service(*nth) == Service::Video);
    assert_eq!((videos.count(), world.provider.runs().len()), (SCENES, STEPS));
    for source in sources {
        assert_eq!(source.heads().len(), 6, "{:?}", source.heads());
    }
}

/// Completes the `nth` task with a file that comes by a redirect: first not at all, then cut, then
/// whole.
async fn complete_oddly(world: &World, nth: usize) -> Source {
    let (link, file) = match world.report(nth, "completed", &Value::Null).0 {
        Service::Video => ("video_url", VIDEO),
        Service::LastFrame => ("last_frame_url", IMAGE),
        Service::Stitch => ("final_video_url", VIDEO),
    };
    let moved = || response(302, "location: /there\ncontent-length: 0", b"");
    let headers = format!("content-length: {}\netag: \"a\"", file.len());
    let source = Source::start(vec![
        moved(),
        response(404, "content-length: 0", b""),
        moved(),
        response(200, &headers, &file[..file.len() / 2]),
        moved(),
        response(200, &headers, file),
    ]);
    let source = source.await;
    let odd = json!({ link: format!("{}/file", source.url) });
    let (service, body) = world.report(nth, "completed", &odd);
    assert_eq!(world.send_report(service, &body).await.status, 200);
    source
}
