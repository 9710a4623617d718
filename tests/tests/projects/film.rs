//! One long film with real media: it plays as long as its scenes together, and each scene goes
//! on where the one before it ends.

use std::path::{Path, PathBuf};
use std::process::Command;

use hookreel_studio::Faults;
use serde_json::{Value, json};
use tests::World;
use tests::world::Plan;

const SCENES: usize = 24;
const SECONDS: f64 = 1.5;
const TRANSITION: f64 = 0.5;
const FPS: u16 = 6;
/// Width and height of the pictures.
const SIZE: (usize, usize) = (96, 54);
/// How far the red, green and blue of two pictures may be apart, on average and of 255, for them
/// to be taken as one picture that was packed twice.
const ALIKE: f64 = 4.0;

fn order(world: &World) -> Value {
    let scene = |nth: usize| json!({ "prompt": format!("Scene {nth} of a walk through a town"), "duration": SECONDS });
    json!({
        "scenes": (1..=SCENES).map(scene).collect::<Vec<_>>(),
        "stitch": { "transition": "fade", "transition_duration": TRANSITION },
        "width": SIZE.0, "height": SIZE.1, "fps": FPS,
        "webhook_url": world.receiver.url(),
        "metadata": { "order": 7 },
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_film_of_24_scenes_goes_on_from_scene_to_scene() {
    let plan =
        Plan { studio: Some(Faults::default()), notification_service: true, ..Plan::default() };
    let world = World::start(plan).await;
    let id = world.create_project(&order(&world)).await;
    let done = world.run_until_project(&id, "completed").await;
    assert_eq!((&done["progress_percent"], &done["error"]), (&json!(100), &Value::Null));
    assert_eq!(done["steps_done"].as_array().unwrap().len(), 2 * SCENES + 1);
    check_media(&world, &done).await;
    check_notices(&world, &id, &done).await;
}

async fn check_media(world: &World, done: &Value) {
    let folder = tempfile::tempdir().unwrap();
    let mut scenes = Vec::new();
    for scene in done["scenes"].as_array().unwrap() {
        let video = save(world, folder.path(), "scene.mp4", &scene["video_url"]).await;
        assert!((seconds(&video) - SECONDS).abs() < 0.01, "{} s", seconds(&video));
        assert_eq!(scene["duration_ms"], 1500);
        let frames = pixels(&video);
        let last_frame = save(world, folder.path(), "last.jpg", &scene["last_frame_url"]).await;
        let thumbnail = save(world, folder.path(), "thumbnail.jpg", &scene["thumbnail_url"]).await;
        assert_eq!(pixels(&thumbnail).len(), 1, "a thumbnail is a picture");
        let last = pixels(&last_frame).remove(0);
        let apart = difference(&last, frames.last().unwrap());
        assert!(apart < ALIKE, "the last frame is {apart} from what it is said to be");
        scenes.push((frames.first().unwrap().clone(), frames.last().unwrap().clone()));
    }
    let joined: Vec<_> = scenes.windows(2).map(|pair| difference(&pair[0].1, &pair[1].0)).collect();
    // Had each scene begun with its own picture, they would be as far apart as these are.
    let apart: Vec<_> =
        scenes.iter().skip(1).map(|(first, last)| difference(first, last)).collect();
    let (largest, smallest) = (largest(&joined), apart.iter().copied().fold(255.0, f64::min));
    println!(
        "joins differ by {largest:.2} at most, scenes in themselves by {smallest:.2} at least"
    );
    assert!(largest < ALIKE, "{joined:?}");
    assert!(smallest > 2.0 * ALIKE, "{apart:?}");

    let film = save(world, folder.path(), "film.mp4", &done["final_video_url"]).await;
    save(world, folder.path(), "film.jpg", &done["final_thumbnail_url"]).await;
    let count = f64::from(u32::try_from(SCENES).unwrap());
    let planned = count * SECONDS - (count - 1.0) * TRANSITION;
    let plays = seconds(&film);
    println!("{SCENES} scenes play {plays} s together, planned {planned} s");
    assert!((plays - planned).abs() <= 1.0 / f64::from(FPS), "it plays {plays} s, not {planned} s");
    let told = done["final_duration_ms"].as_f64().unwrap() / 1000.0;
    assert!((told - planned).abs() <= 1.0 / f64::from(FPS), "it is said to play {told} s");
}

async fn check_notices(world: &World, id: &str, done: &Value) {
    let told = world.told_of(id);
    assert_eq!(told.len(), 1, "{told:?}");
    let (body, secret) = (told[0].json(), secret(world).await);
    assert_eq!(told[0].verify(&secret), Ok(()));
    assert_eq!(
        (&body["type"], &body["status"], &body["final_video_url"]),
        (&json!("project.completed"), &json!("completed"), &done["final_video_url"])
    );
    assert_eq!(body["data"]["metadata"], json!({ "order": 7 }));
    let scenes = body["data"]["scenes"].as_array().unwrap();
    let urls = |scenes: &[Value]| -> Vec<Value> {
        scenes.iter().map(|scene| scene["video_url"].clone()).collect()
    };
    assert_eq!(urls(scenes), urls(done["scenes"].as_array().unwrap()));
    let notified = world.provider.runs();
    assert_eq!(notified, [body], "the notification service is told the same");
}

/// What the owner's webhooks are signed with.
async fn secret(world: &World) -> String {
    world.client.get("/v1/webhook-secret").await.json()["secret"].as_str().unwrap().to_owned()
}

async fn save(world: &World, folder: &Path, name: &str, url: &Value) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, world.download(url).await).unwrap();
    path
}

/// What a program says.
fn run(program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program).args(["-v", "error"]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// How long a video plays, by ffprobe.
fn seconds(path: &Path) -> f64 {
    let entries = ["-show_entries", "format=duration", "-of", "csv=p=0", path.to_str().unwrap()];
    String::from_utf8(run("ffprobe", &entries)).unwrap().trim().parse().unwrap()
}

/// The pictures of a video, or the one of a picture, as red, green and blue.
fn pixels(path: &Path) -> Vec<Vec<u8>> {
    let (size, path) = (format!("scale={}:{}", SIZE.0, SIZE.1), path.to_str().unwrap());
    let raw = ["-i", path, "-vf", &size, "-pix_fmt", "rgb24", "-f", "rawvideo", "-"];
    run("ffmpeg", &raw).chunks_exact(SIZE.0 * SIZE.1 * 3).map(<[u8]>::to_vec).collect()
}

/// By how much the values of two pictures differ on average.
fn difference(one: &[u8], other: &[u8]) -> f64 {
    assert_eq!(one.len(), other.len());
    let sum: u32 = one.iter().zip(other).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
    f64::from(sum) / f64::from(u32::try_from(one.len()).unwrap())
}

fn largest(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}
