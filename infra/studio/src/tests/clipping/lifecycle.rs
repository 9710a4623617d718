//! The life cycle of a task without faults.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::{API_KEY, EXTERNAL, Stage, clipping, clipping_with_clock, stage, stage_with};
use crate::program::{FFPROBE, run};
use crate::tests::settings;
use crate::{ClippingStatus, Faults, PostKind, Settings};

#[tokio::test]
async fn a_video_becomes_clips_of_its_best_scenes() {
    let (stage, videos) = stage(Faults::default()).await;
    let id = stage.clip(&format!("{videos}/talk.mp4")).await;
    let started = stage.clipping_webhook().await;
    assert_eq!(
        (started.body["event"].as_str(), &*started.query),
        (Some("job.started"), "job=job_1")
    );
    let (mut percent, mut steps) = (5, Vec::new());
    let completed = loop {
        let webhook = stage.clipping_webhook().await.body;
        let next = webhook["progress_percent"].as_u64().unwrap();
        assert!(next >= percent, "{next} after {percent}");
        percent = next;
        if webhook["event"] == "job.completed" {
            break webhook;
        }
        assert_eq!(webhook["event"], "job.progress");
        steps.push(webhook["current_step"].as_str().unwrap().to_owned());
    };
    steps.dedup();
    assert_eq!(steps, ["Finding scenes...", "Rendering clip 1/2...", "Rendering clip 2/2..."]);
    assert_eq!(completed["job_id"], id);
    let output = &completed["output"];
    assert_eq!(output["source_video_title"], "My Amazing Video");
    assert_eq!((&output["total_clips"], &completed["clips_completed"]), (&json!(2), &json!(2)));
    // The moving picture rates best, then grey, as the earlier of two that rate alike.
    check_clip(&stage, &output["clips"][0], 0, 2000, 20).await;
    check_clip(&stage, &output["clips"][1], 1, 1000, 10).await;
    let scores = [0, 1].map(|index| output["clips"][index]["virality_score"].as_f64().unwrap());
    assert!(1.0 >= scores[0] && scores[0] > scores[1] && scores[1] >= 0.0, "{scores:?}");
    check_documents(&stage, output).await;
    let mut state = stage.clipping_task(&id).await.1;
    assert_eq!(state["owner_user_id"], "user_789");
    state.as_object_mut().unwrap().remove("owner_user_id");
    let (mut expected, members) = (completed.clone(), ["event", "timestamp"]);
    for name in members {
        expected.as_object_mut().unwrap().remove(name);
    }
    assert_eq!(state, expected, "the state is the last webhook");
    let (_, statistics) = stage.get("/statistics").await;
    let webhooks = stage.studio.clipping_tasks()[0].posts.len();
    let counts = json!({ "created": 1, "billed": 1, "webhooks": webhooks });
    assert_eq!(statistics["clipping"], counts);
}

/// Checks one clip, which has exactly that duration and number of frames, and sound.
async fn check_clip(stage: &Stage, clip: &Value, index: usize, duration_ms: u64, frames: u64) {
    assert_eq!((&clip["clip_index"], &clip["duration_ms"]), (&json!(index), &json!(duration_ms)));
    let answer = stage.fetch(&clip["s3_url"]).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "video/mp4");
    let bytes = answer.bytes().await.unwrap();
    let place = |name: &[u8]| bytes.windows(4).position(|window| window == name);
    assert!(place(b"moov") < place(b"mdat"), "it can be played while it is downloaded");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &bytes).unwrap();
    let path = file.path().to_str().unwrap();
    let entries = "format=duration:stream=codec_type,nb_read_frames";
    let arguments = ["-v", "error", "-count_frames", "-show_entries", entries, "-of", "json", path];
    let probe: Value =
        serde_json::from_slice(&run(FFPROBE, &arguments, b"").await.unwrap()).unwrap();
    let seconds: f64 = probe["format"]["duration"].as_str().unwrap().parse().unwrap();
    assert!((seconds * 1000.0 - f64::from(u32::try_from(duration_ms).unwrap())).abs() < 1.0);
    assert_eq!(probe["streams"][0]["nb_read_frames"], frames.to_string());
    assert_eq!(probe["streams"][1]["codec_type"], "audio");
}

async fn check_documents(stage: &Stage, output: &Value) {
    let document = async |name: &str| -> Value {
        let answer = stage.fetch(&output[name]).await;
        assert_eq!(answer.headers()["content-type"], "application/json");
        answer.json().await.unwrap()
    };
    let plan = document("plan_url").await;
    let spans: Vec<_> = plan["scenes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|scene| {
            (scene["start_seconds"].as_f64().unwrap(), scene["end_seconds"].as_f64().unwrap())
        })
        .collect();
    assert_eq!(spans, [(0.0, 1.0), (1.0, 3.0), (3.0, 4.5)]);
    assert_eq!(plan["clips"][0]["scene_index"], 1);
    let transcript = document("transcript_url").await;
    assert_eq!(transcript["has_speech_recognition"], false);
    assert_eq!(
        (&transcript["text"], transcript["segments"].as_array().unwrap().len()),
        (&json!(""), 3)
    );
}

#[tokio::test]
async fn a_request_without_the_right_key_is_refused() {
    let (stage, videos) = stage(Faults::default()).await;
    let url = format!("{}/ai-clipping/jobs", stage.studio.clipping_url());
    let order = stage.clipping_order(&format!("{videos}/talk.mp4"));
    for request in [
        stage.client.post(&url).json(&order),
        stage.client.post(&url).json(&order).bearer_auth("other"),
        stage.client.get(format!("{url}/any")),
        stage.client.delete(format!("{url}/any")),
    ] {
        assert_eq!(request.send().await.unwrap().status(), 401);
    }
    let closed = Stage::start(settings()).await;
    let url = format!("{}/ai-clipping/jobs", closed.studio.clipping_url());
    let answer = closed.client.post(url).json(&order).bearer_auth(API_KEY).send().await.unwrap();
    assert_eq!(answer.status(), 401, "no key is set, so none is right");
    assert_eq!(stage.clipping_task("unknown").await.0, 404);
    assert_eq!(stage.cancel_clipping("unknown").await.0, 404);
    assert!(stage.studio.clipping_tasks().is_empty());
}

#[tokio::test]
async fn an_error_names_the_wrong_field() {
    let (stage, videos) = stage(Faults::default()).await;
    let with = |name: &str, value: Value| {
        let mut order = stage.clipping_order(&format!("{videos}/talk.mp4"));
        order[name] = value;
        order
    };
    for (field, order) in [
        ("body", json!([])),
        ("video_url", with("video_url", Value::Null)),
        ("video_url", with("video_url", json!("file:///etc/passwd"))),
        ("callback_url", with("callback_url", json!("nowhere"))),
        ("external_job_id", with("external_job_id", json!(7))),
        ("owner_user_id", with("owner_user_id", json!([]))),
        ("max_clips", with("max_clips", json!(0))),
        ("max_clips", with("max_clips", json!(101))),
        ("max_clips", with("max_clips", json!("5"))),
    ] {
        let (status, answer) = stage.post("/clipping/ai-clipping/jobs", order.to_string()).await;
        let error = answer["error"].as_str().unwrap();
        assert_eq!((status, error.split(": ").next()), (400, Some(field)), "{answer}");
    }
    assert!(stage.studio.clipping_tasks().is_empty());
}

#[tokio::test]
async fn a_video_that_cannot_be_had_fails_the_task() {
    for (path, percent, error) in [
        ("/gone", 15, "Failed to download video: the address answered 404"),
        ("/text", 15, "Failed to read video: "),
        ("/sound.mp4", 15, "Failed to read video: it has no picture, or no duration"),
    ] {
        let (stage, videos) = stage(Faults::default()).await;
        let state = stage.clipped(&format!("{videos}{path}")).await;
        assert!(state["error"].as_str().unwrap().starts_with(error), "{state}");
        assert_eq!(
            (&state["status"], &state["progress_percent"]),
            (&json!("failed"), &json!(percent))
        );
        let _started = stage.clipping_webhook().await;
        loop {
            let last = stage.clipping_webhook().await;
            if last.body["event"] == "job.failed" {
                assert_eq!(last.body["current_step"], "Processing failed");
                assert!(last.body["output"].is_null());
                break;
            }
        }
    }
    let (stage, _) = stage(Faults::default()).await;
    let state = stage.clipped("https://192.0.2.1/talk.mp4").await;
    let error = "Failed to download video: the address is not plain HTTP on this machine";
    assert_eq!(state["error"], error);
}

#[tokio::test]
async fn a_cancelled_task_leaves_no_file_and_reports_no_end() {
    let folder = tempfile::tempdir().unwrap();
    let work_dir = Some(folder.path().to_owned());
    let stage =
        Stage::start(Settings { work_dir, clipping: clipping(), workers: 1, ..settings() }).await;
    let videos = super::source::start().await;
    let id = stage.clip(&format!("{videos}/endless")).await;
    stage.until_clipping_is(ClippingStatus::Running).await;
    let queued = stage.clip(&format!("{videos}/talk.mp4")).await;
    assert_eq!(stage.clipping_task(&queued).await.1["status"], "queued");
    for _ in 0..2 {
        let cancelled = json!({ "job_id": id, "status": "cancelled" });
        assert_eq!(stage.cancel_clipping(&id).await, (200, cancelled));
    }
    stage.studio.until_clipping_is_silent().await;
    let tasks = stage.studio.clipping_tasks();
    assert_eq!((tasks[0].posts_of(PostKind::Ended), tasks[0].is_billed), (0, true));
    let state = stage.clipping_task(&id).await.1;
    assert_eq!((&state["status"], &state["progress_percent"]), (&json!("cancelled"), &json!(5)));
    // Its worker is free, and only the other task has files.
    assert_eq!((tasks[1].status, tasks[1].clips), (ClippingStatus::Succeeded, 2));
    assert_eq!(stage.cancel_clipping(&queued).await.1["status"], "succeeded");
    let files = folder.path().read_dir().unwrap().flatten();
    let names: Vec<_> = files.map(|file| file.file_name().into_string().unwrap()).collect();
    assert!(names.len() == 4 && names.iter().all(|name| name.starts_with(&queued)), "{names:?}");
    stage.studio.stop().await;
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[tokio::test]
async fn a_task_cancelled_in_the_queue_costs_nothing() {
    let stage = Stage::start(Settings { clipping: clipping(), workers: 1, ..settings() }).await;
    let videos = super::source::start().await;
    let first = stage.clip(&format!("{videos}/endless")).await;
    stage.until_clipping_is(ClippingStatus::Running).await;
    let second = stage.clip(&format!("{videos}/talk.mp4")).await;
    assert_eq!(stage.cancel_clipping(&second).await.1["status"], "cancelled");
    stage.cancel_clipping(&first).await;
    stage.studio.until_clipping_is_silent().await;
    let second = &stage.studio.clipping_tasks()[1];
    assert!(!second.is_billed && second.posts.is_empty());
    assert_eq!(second.external_job_id.as_deref(), Some(EXTERNAL));
}

#[tokio::test]
async fn links_expire_and_the_state_has_new_ones() {
    let (settings, time) = clipping_with_clock();
    let expiry = i64::try_from(settings.link_expiry.as_millis()).unwrap();
    let (stage, videos) = stage_with(settings, Faults::default()).await;
    let state = stage.clipped(&format!("{videos}/talk.mp4")).await;
    let link = |state: &Value| state["output"]["clips"][1]["s3_url"].clone();
    assert_eq!(stage.fetch(&link(&state)).await.status(), 200);
    time.fetch_add(expiry, Ordering::SeqCst);
    let answer = stage.fetch(&link(&state)).await;
    assert_eq!(answer.status(), 403);
    assert!(answer.text().await.unwrap().contains("Request has expired"));
    let id = state["job_id"].as_str().unwrap();
    let renewed = link(&stage.clipping_task(id).await.1);
    assert_eq!(stage.fetch(&renewed).await.status(), 200);
    let bare = json!(renewed.as_str().unwrap().split('?').next());
    assert_eq!(stage.fetch(&bare).await.status(), 403);
    assert_eq!(stage.studio.clipping_tasks()[0].fetches, 2);
}
