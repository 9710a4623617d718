//! `/v1/endpoints…`: making, reading, changing and ending them, and what is refused.

use std::time::Duration;

use domain::Scope;
use serde_json::{Value, json};
use tests::{Answer, Client, World};

/// Creates an endpoint at the world's receiver, with `more` members; the whole answer.
pub async fn create(world: &World, more: Value) -> Value {
    let mut body = json!({ "url": world.receiver.url() });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let answer = world.client.post("/v1/endpoints", &body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()
}

/// The path of what `create` made.
pub fn path(endpoint: &Value) -> String {
    format!("/v1/endpoints/{}", endpoint["id"].as_str().unwrap())
}

fn problem(answer: &Answer, status: u16, field: Option<&str>) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let body = answer.json();
    assert_eq!(body["error"], body["title"]);
    assert_eq!(body.get("field").and_then(Value::as_str), field, "{body}");
}

#[tokio::test]
async fn an_endpoint_is_made_read_changed_and_ended() {
    let world = World::frozen().await;
    let made = create(
        &world,
        json!({
            "description": "Orders", "events": ["job.completed", "job.failed"],
            "retry_schedule_seconds": [1, 5, 5], "rate_limit_per_second": 7,
            "headers": { "X-Team": "audio" },
        }),
    )
    .await;
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
    assert_eq!(made["headers"], json!({ "x-team": "audio" }));
    assert_eq!((&made["status"], &made["signing"]), (&json!("enabled"), &json!("v1")));

    let read = world.client.get(&path(&made)).await.json();
    assert_eq!(read["retry_schedule_seconds"], json!([1, 5, 5]));
    assert!(read.get("secret").is_none(), "a secret is shown where it is asked for");

    world.pass(Duration::from_secs(1));
    let change = json!({ "description": null, "rate_limit_per_second": null, "events": [],
        "status": "disabled" });
    let changed = world.client.patch(&path(&made), &change).await.json();
    assert_eq!(changed["description"], Value::Null);
    assert_eq!(changed["rate_limit_per_second"], Value::Null);
    assert_eq!(
        (&changed["status"], &changed["disabled_reason"]),
        (&json!("disabled"), &json!("owner"))
    );
    assert_eq!(changed["retry_schedule_seconds"], json!([1, 5, 5]), "the rest is as it was");
    assert!(changed["updated_at"].as_str() > changed["created_at"].as_str());
    let enabled = world.client.patch(&path(&made), &json!({ "status": "enabled" })).await.json();
    assert_eq!((&enabled["status"], &enabled["disabled_at"]), (&json!("enabled"), &Value::Null));

    assert_eq!(world.client.delete(&path(&made)).await.status, 204);
    problem(&world.client.get(&path(&made)).await, 404, None);
    problem(&world.client.delete(&path(&made)).await, 404, None);
    problem(&world.client.patch(&path(&made), &json!({ "status": "enabled" })).await, 404, None);
}

#[tokio::test]
async fn what_cannot_be_is_refused_by_its_field() {
    let world = World::frozen().await;
    let made = create(&world, json!({})).await;
    let bad = [
        ("url", json!("http://example.com/hook")),
        ("url", json!("https://10.0.0.1/hook")),
        ("url", json!("https://user:word@example.com/")),
        ("events", json!(["job.exploded"])),
        ("events", json!("job.completed")),
        ("status", json!("asleep")),
        ("description", json!("two\nlines")),
        ("retry_schedule_seconds", json!([])),
        ("retry_schedule_seconds", json!([5, 1])),
        ("retry_schedule_seconds", json!([-1])),
        ("rate_limit_per_second", json!(0)),
        ("rate_limit_per_second", json!(1.5)),
        ("headers", json!(["x-team"])),
        ("headers.Authorization", json!({ "Authorization": "Bearer x" })),
        ("headers.webhook-signature", json!({ "webhook-signature": "v1,x" })),
    ];
    for (field, value) in bad {
        let name = field.split('.').next().unwrap();
        let mut body = json!({ "url": world.receiver.url() });
        body[name] = value.clone();
        problem(&world.client.post("/v1/endpoints", &body).await, 422, Some(field));
        problem(&world.client.patch(&path(&made), &json!({ name: value })).await, 422, Some(field));
    }
    problem(&world.client.post("/v1/endpoints", &json!({})).await, 422, Some("url"));
    let signing = json!({ "signing": "v1a" });
    problem(&world.client.patch(&path(&made), &signing).await, 422, Some("signing"));
    problem(&world.client.post("/v1/endpoints", &json!([])).await, 400, None);
    problem(&world.client.get("/v1/endpoints?limit=0").await, 422, Some("limit"));
    problem(&world.client.get("/v1/endpoints?cursor=x").await, 422, Some("cursor"));
    problem(&world.client.get("/v1/endpoints/nothing").await, 404, None);
}

#[tokio::test]
async fn each_owner_has_its_own() {
    let world = World::frozen().await;
    let made = create(&world, json!({})).await;
    let other = world.client_of("other", &[Scope::Webhooks]).await;
    for answer in [
        other.get(&path(&made)).await,
        other.get(&format!("{}/secret", path(&made))).await,
        other.delete(&path(&made)).await,
        other.patch(&path(&made), &json!({ "status": "disabled" })).await,
        other.post(&format!("{}/rotate-secret", path(&made)), &json!({})).await,
        other.post(&format!("{}/test", path(&made)), &json!({})).await,
        other
            .post(&format!("{}/recover", path(&made)), &json!({ "since": "2026-01-01T00:00:00Z" }))
            .await,
    ] {
        problem(&answer, 404, None);
    }
    assert_eq!(other.get("/v1/endpoints").await.json()["data"], json!([]));
    let reader = world.client_of("local", &[Scope::JobsRead]).await;
    problem(&reader.get("/v1/endpoints").await, 403, None);
    problem(&world.client.with_key(None).get("/v1/endpoints").await, 401, None);
}

async fn listed(client: &Client, limit: usize) -> Vec<Value> {
    let mut ids = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = client.get(&format!("/v1/endpoints?limit={limit}{cursor}")).await.json();
        ids.extend(page["data"].as_array().unwrap().iter().map(|one| one["id"].clone()));
        let Some(next) = page["next_cursor"].as_str() else { return ids };
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test]
async fn pages_cover_all_and_there_are_at_most_fifty() {
    let world = World::frozen().await;
    let mut made = Vec::new();
    for _ in 0..50 {
        world.pass(Duration::from_millis(1));
        made.insert(0, create(&world, json!({})).await["id"].clone());
    }
    assert_eq!(listed(&world.client, 7).await, made);
    assert_eq!(listed(&world.client, 50).await, made);
    let answer = world.client.post("/v1/endpoints", &json!({ "url": world.receiver.url() })).await;
    problem(&answer, 409, None);
    assert_eq!(answer.json()["code"], "too_many_endpoints");
}

#[tokio::test]
async fn an_idempotency_key_makes_one() {
    let world = World::frozen().await;
    let body = json!({ "url": world.receiver.url() }).to_string();
    let key = [("Idempotency-Key", "one")];
    let post =
        async |body: &str| world.client.post_with("/v1/endpoints", &key, body.to_owned()).await;
    let first = post(&body).await;
    let again = post(&body).await;
    assert_eq!((first.status, first.json()), (again.status, again.json()));
    let other = post(&json!({ "url": world.receiver.url(), "events": [] }).to_string()).await;
    problem(&other, 409, None);
    world.pass(Duration::from_hours(24));
    assert_ne!(post(&body).await.json()["id"], first.json()["id"]);
    assert_eq!(listed(&world.client, 10).await.len(), 2);
}
