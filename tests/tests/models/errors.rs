//! Trainings and predictions that cannot be made: each answer names the field.

use serde_json::{Value, json};
use tests::World;

use super::{PREDICTIONS, TRAININGS, prediction, training};
use crate::jobs::errors::{assert_problem, expect, invalid};

/// What both kinds refuse, with the member at fault.
fn common() -> Vec<(&'static str, Value, &'static str)> {
    let file = format!("data:image/png;base64,{}", "A".repeat(256_000));
    vec![
        ("input", Value::Null, "input"),
        ("input", json!([1]), "input"),
        ("input", json!("a kite"), "input"),
        ("input", json!({ "image": file }), "input.image"),
        ("input", json!({ "images": ["https://example.com", file] }), "input.images[1]"),
        ("input", json!({ "text": "x".repeat(300_000) }), "input"),
        ("webhook_url", json!("http://example.com/hook"), "webhook_url"),
        ("webhook_url", json!("https://10.1.2.3/hook"), "webhook_url"),
        ("metadata", json!([1]), "metadata"),
        ("on_uncertain", json!("hope"), "on_uncertain"),
        ("retention_days", json!(0), "retention_days"),
        ("retention_days", json!(1000), "retention_days"),
        ("timeout_seconds", json!(9), "timeout_seconds"),
        ("timeout_seconds", json!(172_801), "timeout_seconds"),
        ("timeout_seconds", json!("600"), "timeout_seconds"),
        ("start_timeout_seconds", json!(0), "start_timeout_seconds"),
        ("start_timeout_seconds", json!(-1), "start_timeout_seconds"),
        ("start_timeout_seconds", json!(10.5), "start_timeout_seconds"),
        ("start_timeouts_seconds", json!(10), "start_timeouts_seconds"),
    ]
}

#[tokio::test]
async fn a_training_that_cannot_be_made() {
    let world = World::frozen().await;
    let own = [
        ("model", Value::Null, "model"),
        ("model", json!("sdxl"), "model"),
        ("model", json!("../sdxl"), "model"),
        ("version", Value::Null, "version"),
        ("version", json!("stability-ai/sdxl"), "version"),
        ("destination", Value::Null, "destination"),
        ("destination", json!("kites"), "destination"),
        ("destination", json!(7), "destination"),
        ("deployment", json!("acme/kites"), "deployment"),
    ];
    for (member, value, field) in own.into_iter().chain(common()) {
        let mut body = training("acme/kites");
        body[member] = value;
        let answer = world.client.post(TRAININGS, &body).await;
        assert_problem(member, &answer, &invalid(field));
    }
    for list in ["/v1/models", "/v1/jobs"] {
        assert_eq!(world.client.get(list).await.json()["data"], json!([]), "none of them made one");
    }
    let detail = world.client.post(TRAININGS, &json!({ "model": "a/b", "version": "1" })).await;
    let detail = detail.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("is missing"), "{detail}");
}

#[tokio::test]
async fn a_prediction_that_cannot_be_made() {
    let world = World::frozen().await;
    let own = [
        ("version", Value::Null, "model"),
        ("version", json!("a/b/c"), "version"),
        ("model", json!("acme/kites"), "version"),
        ("deployment", json!("acme/kites"), "deployment"),
        ("destination", json!("acme/kites"), "destination"),
    ];
    for (member, value, field) in own.into_iter().chain(common()) {
        let mut body = prediction();
        body[member] = value;
        let answer = world.client.post(PREDICTIONS, &body).await;
        assert_problem(member, &answer, &invalid(field));
    }
    for (member, value) in [("model", "kites"), ("model", "a/b:1"), ("deployment", "a/..")] {
        let answer = world.client.post(PREDICTIONS, &json!({ member: value, "input": {} })).await;
        assert_problem(value, &answer, &invalid(member));
    }
    assert_eq!(world.client.get("/v1/jobs").await.json()["data"], json!([]));
}

#[tokio::test]
async fn without_a_provider_they_are_refused() {
    let settings = providers::registry::of(domain::JobKind::Training).unwrap().settings();
    let world = super::frozen_with(settings.url, "").await;
    for (path, body) in [(TRAININGS, training("acme/kites")), (PREDICTIONS, prediction())] {
        let answer = world.client.post(path, &body).await;
        assert_problem(path, &answer, &expect(422, "no_provider", None));
    }
    assert_eq!(world.client.get("/v1/models").await.json()["data"], json!([]));
}
