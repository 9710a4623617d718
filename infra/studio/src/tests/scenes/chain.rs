//! Three scenes, each starting with the last frame of the one before, and their film.

use serde_json::{Value, json};

use super::picture::{Wanted, difference, frame, length};
use super::{Stage, stage, video};
use crate::{Faults, PostKind, SceneStatus, Service};

/// How much the same picture may differ after JPEG and H.264, in shades of 256.
const ALIKE: f64 = 3.0;
/// How much two scenes must differ at least.
const UNLIKE: f64 = 8.0;

const PROMPTS: [&str; 3] = ["a harbour at dawn", "a market at noon", "a lake by night"];

#[tokio::test]
async fn three_scenes_become_one_film() {
    let stage = stage(Faults::default()).await;
    let (mut videos, mut first_frame) = (Vec::new(), Value::Null);
    for (index, prompt) in PROMPTS.into_iter().enumerate() {
        let video = scene(&stage, index, prompt, &first_frame).await;
        first_frame = last_frame(&stage, index, &video).await;
        videos.push(video);
    }
    let film = film(&stage, &videos).await;
    let (frames, seconds) = length(&film).await;
    // 3 × 9 frames less 2 × 0.4 s.
    assert!((seconds - (4.5 - 0.8)).abs() <= 1.0 / 6.0, "{seconds}");
    assert_eq!(frames, 22);
    for (film_frame, scene) in [(Wanted::First, 0), (Wanted::Last, 2)] {
        let of_scene = frame(&videos[scene], film_frame).await;
        assert!(difference(&frame(&film, film_frame).await, &of_scene) < ALIKE);
    }
    let tasks = stage.studio.scene_tasks();
    assert!(tasks.iter().all(|task| task.status == SceneStatus::Completed));
    assert!(tasks.iter().all(|task| task.posts_of(PostKind::Ended) == 1));
    assert_eq!(
        (tasks.len(), &tasks[2].inputs[0]),
        (7, &tasks_url(&tasks[1].id, ".last.jpg", &stage))
    );
    stage.studio.stop().await;
}

/// Makes a scene of 1.5 seconds; returns its URL.
async fn scene(stage: &Stage, index: usize, prompt: &str, first_frame: &Value) -> Value {
    let mut body = video(&format!("scene_{index}"), prompt);
    body["duration"] = json!(1.5);
    body["first_frame_url"] = first_frame.clone();
    stage.order(Service::Video, body).await;
    let report = stage.report(Service::Video).await;
    assert_eq!(report["scene_id"], format!("scene_{index}"));
    assert_eq!(report["duration"], json!(1.5));
    let members = [
        "duration",
        "fps",
        "height",
        "metadata",
        "project_id",
        "quality_score",
        "scene_id",
        "status",
        "task_id",
        "thumbnail_url",
        "timestamp",
        "video_url",
        "width",
    ];
    assert!(report.as_object().unwrap().keys().eq(&members), "{report}");
    let video = &report["video_url"];
    assert_eq!(length(video).await, (9, 1.5));
    let (begin, kind) = stage.begins(video).await;
    assert_eq!((&begin[4..8], kind.as_str()), (&b"ftyp"[..], "video/mp4"));
    let (begin, kind) = stage.begins(&report["thumbnail_url"]).await;
    assert_eq!((&begin[..2], kind.as_str()), (&b"\xff\xd8"[..], "image/jpeg"));
    let (first, last) = (frame(video, Wanted::First).await, frame(video, Wanted::Last).await);
    if !first_frame.is_null() {
        let given = frame(first_frame, Wanted::First).await;
        assert!(difference(&given, &first) < ALIKE, "{}", difference(&given, &first));
        assert!(difference(&given, &last) > UNLIKE, "{}", difference(&given, &last));
        // After a third of nine frames the picture is the scene's own.
        let own = frame(video, Wanted::Number(4)).await;
        assert!(difference(&own, &last) < difference(&own, &given));
    }
    video.clone()
}

async fn last_frame(stage: &Stage, index: usize, video: &Value) -> Value {
    let scene_id = format!("scene_{index}");
    let body = json!({
        "project_id": "proj_1", "scene_id": scene_id, "video_url": video, "format": "jpeg",
    });
    stage.order(Service::LastFrame, body).await;
    let report = stage.report(Service::LastFrame).await;
    assert_eq!(report["scene_id"], scene_id);
    let facts = ["width", "height", "format"].map(|name| report[name].clone());
    assert_eq!(facts, [json!(96), json!(54), json!("jpeg")]);
    assert_eq!(report["metadata"]["frame_number"], 9);
    assert!(report["metadata"]["extraction_time"].is_f64());
    let picture = &report["last_frame_url"];
    let (last, before) = (frame(video, Wanted::Last).await, frame(video, Wanted::Number(7)).await);
    let picture_shades = frame(picture, Wanted::First).await;
    assert!(difference(&picture_shades, &last) < ALIKE);
    assert!(difference(&picture_shades, &last) < difference(&picture_shades, &before));
    picture.clone()
}

async fn film(stage: &Stage, videos: &[Value]) -> Value {
    let scene = |(index, video): (usize, &Value)| json!({ "scene_id": format!("scene_{index}"), "video_url": video, "duration": 1.5 });
    let scenes: Vec<_> = videos.iter().enumerate().map(scene).collect();
    let body = json!({
        "project_id": "proj_1", "scenes": scenes, "format": "mp4",
        "transition": { "type": "fade", "duration": 0.4 },
    });
    stage.order(Service::Stitch, body).await;
    let report = stage.report(Service::Stitch).await;
    let facts = ["total_scenes", "format", "resolution"].map(|name| report[name].clone());
    assert_eq!(facts, [json!(3), json!("mp4"), json!("96x54")]);
    assert_eq!(report["metadata"]["transitions_applied"], 2);
    assert_eq!(report["metadata"]["audio_tracks"], 0);
    assert!(report["scene_id"].is_null());
    let bytes = stage.fetch(&report["final_video_url"]).await.bytes().await.unwrap();
    assert_eq!(report["file_size"], json!(bytes.len()));
    assert_eq!(stage.begins(&report["thumbnail_url"]).await.1, "image/jpeg");
    report["final_video_url"].clone()
}

fn tasks_url(id: &str, ending: &str, stage: &Stage) -> String {
    format!("{}/output/{id}{ending}", stage.studio.url())
}

#[tokio::test]
async fn a_cut_joins_videos_of_different_sizes_and_rates() {
    let stage = stage(Faults::default()).await;
    let mut other = video("scene_2", "another");
    other["width"] = json!(64);
    other["height"] = json!(64);
    other["fps"] = json!(10);
    let mut videos = Vec::new();
    for body in [video("scene_1", "one"), other] {
        stage.order(Service::Video, body).await;
        videos.push(stage.report(Service::Video).await["video_url"].clone());
    }
    let scenes: Vec<_> =
        videos.iter().map(|url| json!({ "scene_id": "any", "video_url": url })).collect();
    let body = json!({ "project_id": "p", "scenes": scenes, "transition": { "type": "none" } });
    stage.order(Service::Stitch, body).await;
    let film = stage.report(Service::Stitch).await;
    assert_eq!(film["metadata"]["transitions_applied"], 0);
    assert_eq!((&film["duration"], &film["resolution"]), (&json!(2.0), &json!("96x54")));
    assert_eq!(length(&film["final_video_url"]).await, (12, 2.0));
}

#[tokio::test]
async fn the_appearance_follows_from_the_prompt_and_moves() {
    let stage = stage(Faults::default()).await;
    let mut videos = Vec::new();
    for prompt in ["one prompt", "one prompt", "another prompt"] {
        stage.order(Service::Video, video("scene_1", prompt)).await;
        videos.push(stage.report(Service::Video).await["video_url"].clone());
    }
    let bytes = async |url| stage.fetch(url).await.bytes().await.unwrap();
    assert_eq!(bytes(&videos[0]).await, bytes(&videos[1]).await);
    let [one, other] =
        [frame(&videos[0], Wanted::First).await, frame(&videos[2], Wanted::First).await];
    assert!(difference(&one, &other) > UNLIKE);
    assert!(difference(&one, &frame(&videos[0], Wanted::Last).await) > 1.0);
}
