//! What requests may say, and how wrong ones are refused.

use serde_json::{Value, json};

use super::{OFFICIAL, OWN, TRAINER, stage};
use crate::Faults;
use crate::tests::{Stage, settings};

#[tokio::test]
async fn a_version_has_three_forms_and_other_routes_name_the_model() {
    let stage = stage(Faults::default()).await;
    let version = stage.version(OFFICIAL).await;
    let own = stage.version(OWN).await;
    let body = |version: &str| json!({ "version": version, "input": { "output": 1 } }).to_string();
    let owned = format!("{OWN}:{own}");
    for (reference, model) in
        [(&*version, OFFICIAL), (OFFICIAL, OFFICIAL), (&*own, OWN), (&*owned, OWN)]
    {
        let (status, created) = stage.post("/v1/predictions", body(reference)).await;
        assert_eq!((status, &created["model"]), (201, &json!(model)), "{created}");
    }
    let mixed = format!("{TRAINER}:{version}");
    for reference in [OWN, &mixed, "acme/nothing", "0123"] {
        let (status, problem) = stage.post("/v1/predictions", body(reference)).await;
        assert_eq!(status, 422, "{reference}");
        assert_eq!(problem["title"], "Invalid version or not permitted");
    }
    for (path, status) in [
        (format!("/v1/models/{OFFICIAL}/predictions"), 201),
        (format!("/v1/models/{OWN}/predictions"), 404),
        (format!("/v1/deployments/{OWN}/predictions"), 201),
        (format!("/v1/deployments/{OFFICIAL}/predictions"), 404),
    ] {
        assert_eq!(stage.post(&path, body("any")).await.0, status, "{path}");
    }
    let tasks = stage.get("/v1/predictions").await.1;
    assert_eq!(tasks["results"][0]["deployment"], OWN);
}

#[tokio::test]
async fn wrong_requests_are_refused_with_problems() {
    let stage = stage(Faults::default()).await;
    let with = |name: &str, value: Value| {
        let mut body = json!({ "version": OFFICIAL, "input": {} });
        body[name] = value;
        body
    };
    for (field, body) in [
        ("version", with("version", Value::Null)),
        ("input", with("input", Value::Null)),
        ("input", with("input", json!([]))),
        ("input.prompt", with("input", json!({ "prompt": 7 }))),
        ("webhook", with("webhook", json!("http://example.com/hook"))),
        ("webhook", with("webhook", json!("nowhere"))),
    ] {
        let (status, problem) = stage.post("/v1/predictions", body.to_string()).await;
        assert_eq!((status, &problem["status"]), (422, &json!(422)), "{body}");
        assert_eq!(problem["invalid_fields"][0]["field"], field, "{problem}");
        assert!(problem["title"].is_string() && problem["detail"].is_string());
    }
    let url = format!("{}/v1/predictions", stage.studio.url());
    let filter = json!({ "version": OFFICIAL, "input": {}, "webhook": "https://a.test/",
        "webhook_events_filter": ["ended"] });
    assert_eq!(stage.post("/v1/predictions", filter.to_string()).await.0, 422);
    assert_eq!(stage.post("/v1/predictions", "[]").await.0, 400);
    for path in ["/v1/predictions/nothing", "/v1/trainings/nothing", "/v1/nothing"] {
        let (status, problem) = stage.get(path).await;
        assert_eq!((status, &problem["title"]), (404, &json!("Not found")), "{path}");
    }
    let answer = stage.client.get(&url).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    assert_eq!(answer.status(), 401);
    for (scheme, status) in [("Token", 200), ("Basic", 401)] {
        let header = format!("{scheme} {}", super::API_KEY);
        let answer = stage.client.get(&url).header("authorization", header).send().await.unwrap();
        assert_eq!(answer.status(), status, "{scheme}");
    }
    assert!(stage.studio.replicate_tasks().is_empty());
    let closed = Stage::start(settings()).await;
    assert_eq!(closed.get("/v1/predictions").await.0, 401, "no token is set, so none is right");
}
