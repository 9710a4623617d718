//! From the creation to the removal of the data.

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};

use super::{FOREVER, OFFICIAL, OWN, TRAINER, path, stage, stage_with_clock};
use crate::{Faults, ReplicateStatus};

#[tokio::test]
async fn files_are_served_with_the_token_only_and_vanish_with_the_data_after_an_hour() {
    let (stage, time) = stage_with_clock().await;
    let template = json!({ "audio": "file:wav", "more": [{ "picture": "file:png" }], "seed": 7 });
    let done = stage.ended(json!({ "prompt": "a fox", "output": template })).await;
    assert_eq!((&done["status"], &done["output"]["seed"]), (&json!("succeeded"), &json!(7)));
    assert_eq!(done["data_removed"], false);
    let audio = done["output"]["audio"].as_str().unwrap();
    let picture = done["output"]["more"][0]["picture"].as_str().unwrap();
    for (url, kind) in [(audio, "audio/wav"), (picture, "image/png")] {
        assert_eq!(stage.client.get(url).send().await.unwrap().status(), 401);
        let file = stage.client.get(url).bearer_auth(super::API_KEY).send().await.unwrap();
        assert_eq!(
            (file.status().as_u16(), &file.headers()["content-type"]),
            (200, &kind.parse().unwrap())
        );
    }
    assert_eq!(stage.studio.replicate_tasks()[0].fetches, 2);

    time.fetch_add(3_600_000 - 1, Ordering::SeqCst);
    assert_eq!(stage.prediction(&done).await, done);
    time.fetch_add(1, Ordering::SeqCst);
    let file = stage.client.get(audio).bearer_auth(super::API_KEY).send().await.unwrap();
    assert_eq!(file.status(), 404);
    let removed = stage.prediction(&done).await;
    assert_eq!(removed["data_removed"], true);
    for member in ["input", "output", "logs"] {
        assert_eq!(removed[member], Value::Null, "{member}");
    }
    assert_eq!((&removed["status"], &removed["id"]), (&done["status"], &done["id"]));
}

#[tokio::test]
async fn cancel_ends_what_runs_and_changes_nothing_else() {
    let stage = stage(Faults::default()).await;
    let starting = stage.predict(json!({ "starting_ms": FOREVER })).await;
    let running = stage.predict(json!({ "processing_ms": FOREVER })).await;
    let processing = ReplicateStatus::Processing;
    stage.studio.until_replicate(|tasks| tasks[1].status == processing).await;
    for task in [&starting, &running] {
        let (status, body) = stage.post(&format!("{}/cancel", path("predictions", task)), "").await;
        assert_eq!((status, &body["status"]), (200, &json!("canceled")));
        assert!(body["completed_at"].is_string());
    }
    stage.studio.until_replicate_is_silent().await;
    let billed: Vec<_> = stage.studio.replicate_tasks().iter().map(|task| task.is_billed).collect();
    assert_eq!(billed, [false, true], "only time that a model ran is billed");
    let (_, statistics) = stage.get("/statistics").await;
    let none = json!({ "created": 0, "billed": 0, "webhooks": 0 });
    let replicate = json!({ "created": 2, "billed": 1, "webhooks": 3 });
    let expected =
        json!({ "runpod": none, "scenes": none, "replicate": replicate, "clipping": none });
    assert_eq!(statistics, expected);
}

#[tokio::test]
async fn the_deadline_aborts_before_the_start_and_cancels_after_it() {
    let (stage, time) = stage_with_clock().await;
    for input in [json!({ "starting_ms": FOREVER }), json!({ "processing_ms": FOREVER })] {
        let body = json!({ "version": OFFICIAL, "input": input }).to_string();
        let url = format!("{}/v1/predictions", stage.studio.url());
        let request = stage.client.post(url).bearer_auth(super::API_KEY).body(body);
        let created = request.header("cancel-after", "1m").send().await.unwrap();
        let created: Value = created.json().await.unwrap();
        assert_eq!(created["deadline"], "2026-01-01T00:01:00.000Z");
    }
    let processing = ReplicateStatus::Processing;
    stage.studio.until_replicate(|tasks| tasks[1].status == processing).await;
    time.fetch_add(59_999, Ordering::SeqCst);
    let statuses = async || {
        let (_, page) = stage.get("/v1/predictions").await;
        let results = page["results"].as_array().unwrap();
        results.iter().map(|task| task["status"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(statuses().await, ["processing", "starting"]);
    time.fetch_add(1, Ordering::SeqCst);
    assert_eq!(statuses().await, ["canceled", "aborted"]);
    stage.studio.until_replicate_is_silent().await;
    let billed: Vec<_> = stage.studio.replicate_tasks().iter().map(|task| task.is_billed).collect();
    assert_eq!(billed, [false, true]);
}

#[tokio::test]
async fn a_training_makes_a_version_of_its_destination() {
    let stage = stage(Faults::default()).await;
    let before = stage.version(OWN).await;
    let version = stage.version(TRAINER).await;
    let trainings = format!("/v1/models/{TRAINER}/versions/{version}/trainings");
    let body = |destination: &str| json!({ "destination": destination, "input": {} }).to_string();
    let (status, created) = stage.post(&trainings, body(OWN)).await;
    assert_eq!(status, 201, "{created}");
    stage.studio.until_replicate_is_silent().await;

    let (_, done) = stage.get(&path("trainings", &created)).await;
    let trained = stage.version(OWN).await;
    assert_ne!(trained, before);
    assert_eq!(done["output"]["version"], json!(format!("{OWN}:{trained}")));
    assert_eq!(stage.get(&path("predictions", &created)).await.1, done, "its own URL leads here");
    assert_eq!(stage.get("/v1/predictions").await.1["results"], json!([]));
    for nothing in [OFFICIAL, "acme/nothing", "nothing"] {
        let (status, problem) = stage.post(&trainings, body(nothing)).await;
        assert_eq!((status, &problem["status"]), (404, &json!(404)), "{nothing}");
    }
}

#[tokio::test]
async fn an_answer_waits_for_the_end_if_asked_to() {
    let stage = stage(Faults::default()).await;
    let create = async |input: Value| -> Value {
        let body = json!({ "version": OFFICIAL, "input": input }).to_string();
        let url = format!("{}/v1/predictions", stage.studio.url());
        let request = stage.client.post(url).bearer_auth(super::API_KEY).body(body);
        let answer = request.header("prefer", "wait=1").timeout(Duration::from_secs(30));
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.status(), 201);
        answer.json().await.unwrap()
    };
    let made = create(json!({ "output": ["file:wav"] })).await;
    assert_eq!(made["status"], "processing", "as by the original");
    assert!(made["output"][0].as_str().unwrap().starts_with("data:audio/wav;base64,UklGR"));
    assert_eq!(create(json!({ "error": "no" })).await["status"], "failed");
    assert_eq!(create(json!({ "processing_ms": FOREVER })).await["status"], "starting");
}
