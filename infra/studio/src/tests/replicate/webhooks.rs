//! Webhooks without faults: events, filters, retries.

use serde_json::{Value, json};

use super::{FOREVER, OFFICIAL, path, stage};
use crate::{Faults, PostKind};

#[tokio::test]
async fn each_event_sends_the_object_of_its_moment() {
    let stage = stage(Faults::default()).await;
    let done = stage.ended(json!({ "output": "text", "logs": "Using seed: 7" })).await;
    let mut ids = Vec::new();
    for (status, logs, output) in [
        ("processing", "", Value::Null),
        ("processing", "Using seed: 7", Value::Null),
        ("processing", "Using seed: 7", json!("text")),
        ("succeeded", "Using seed: 7", json!("text")),
    ] {
        let webhook = stage.webhook().await;
        assert_eq!(
            (&webhook.body["status"], &webhook.body["logs"]),
            (&json!(status), &json!(logs))
        );
        assert_eq!((&webhook.body["output"], &*webhook.query), (&output, "job=job_1"));
        ids.push(webhook.headers["webhook-id"].clone());
        if status == "succeeded" {
            assert_eq!(webhook.body, done);
        }
    }
    ids.dedup();
    assert_eq!(ids.len(), 4, "each event has an id of its own");
}

#[tokio::test]
async fn the_filter_and_the_older_member_choose_the_events() {
    let stage = stage(Faults::default()).await;
    let url = stage.receiver.url("/hook");
    let chosen = json!({ "webhook": url, "webhook_events_filter": ["start", "completed"] });
    for (options, posts) in [(chosen, 2), (json!({ "webhook_completed": url }), 1), (json!({}), 0)]
    {
        let mut body = json!({ "version": OFFICIAL, "input": { "output": 1 } });
        body.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        assert_eq!(stage.post("/v1/predictions", body.to_string()).await.0, 201);
        stage.studio.until_replicate_is_silent().await;
        assert_eq!(stage.studio.replicate_tasks().last().unwrap().posts.len(), posts, "{body}");
    }
}

#[tokio::test]
async fn only_the_final_event_is_retried_and_no_redirect_is_followed() {
    let stage = stage(Faults::default()).await;
    let answers = || -> Vec<(PostKind, u16)> {
        let tasks = stage.studio.replicate_tasks();
        let posts = &tasks.last().unwrap().posts;
        posts.iter().map(|post| (post.kind, post.answer.unwrap())).collect()
    };
    stage.receiver.answer_with(&[500, 404, 500, 400, 503]);
    stage.ended(json!({ "output": 1 })).await;
    let progress = [(PostKind::Start, 503), (PostKind::Logs, 400), (PostKind::Output, 500)];
    let ends = [(PostKind::Ended, 404), (PostKind::Ended, 500), (PostKind::Ended, 200)];
    assert_eq!(answers(), [progress, ends].concat());
    let received = [stage.webhook().await, stage.webhook().await, stage.webhook().await];
    let last = [stage.webhook().await, stage.webhook().await, stage.webhook().await];
    let id = |index: usize| &last[index].headers["webhook-id"];
    assert!(id(0) == id(1) && id(1) == id(2), "an attempt keeps the id");
    assert_ne!(id(0), &received[2].headers["webhook-id"]);

    stage.receiver.answer_with(&[302, 200, 200, 200]);
    stage.ended(json!({ "output": 2 })).await;
    assert_eq!(answers().last(), Some(&(PostKind::Ended, 302)));
    stage.receiver.answer_with(&[500, 500, 500, 200, 200, 200]);
    stage.ended(json!({ "output": 3 })).await;
    assert_eq!(answers()[3..], [(PostKind::Ended, 500); 3], "the retries are exhausted");
}

#[tokio::test]
async fn a_canceled_task_is_reported() {
    let stage = stage(Faults::default()).await;
    let created = stage.predict(json!({ "starting_ms": FOREVER })).await;
    stage.post(&format!("{}/cancel", path("predictions", &created)), "").await;
    assert_eq!(stage.webhook().await.body["status"], "canceled");
}
