//! `/v1/deliveries…`, replays, and the recovery of an endpoint.

use std::time::Duration;

use domain::Scope;
use serde_json::{Value, json};
use tests::{Answer, World};

use crate::endpoints::manage::{create, path};

async fn settled(world: &World) {
    world.run_until("nothing is due", async || world.cloud.next_due().is_none()).await;
}

async fn deliveries(world: &World, query: &str) -> Vec<Value> {
    let page = world.client.get(&format!("/v1/deliveries?{query}")).await;
    assert_eq!(page.status, 200, "{page:?}");
    page.json()["data"].as_array().unwrap().clone()
}

/// A world in which an endpoint has missed `count` webhooks, and works by now.
async fn missed(count: usize) -> (World, Value) {
    let world = World::with_studio().await;
    let more = json!({ "events": ["job.completed"], "retry_schedule_seconds": [1] });
    let endpoint = create(&world, more).await;
    world.receiver.answer(|_, _| 500);
    for _ in 0..count {
        let body = json!({ "text": "Akkam jirta?", "language": "oromo" });
        assert_eq!(world.client.post("/v1/tts/async", &body).await.status, 202);
        world.quiet().await;
        world.pass(Duration::from_millis(1));
    }
    settled(&world).await;
    world.receiver.answer(|_, _| 204);
    (world, endpoint)
}

fn problem(answer: &Answer, status: u16, field: Option<&str>) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.json().get("field").and_then(Value::as_str), field);
}

#[tokio::test]
async fn a_delivery_is_seen_and_replayed_under_its_id() {
    let (world, endpoint) = missed(1).await;
    let exhausted = deliveries(&world, "status=exhausted").await;
    assert_eq!(exhausted.len(), 1);
    let id = exhausted[0]["id"].as_str().unwrap();
    assert_eq!(exhausted[0]["endpoint_id"], endpoint["id"]);
    assert_eq!(exhausted[0]["attempts"].as_array().unwrap().len(), 2);
    assert_eq!(exhausted[0]["attempts"][0]["status_code"], 500);
    assert!(exhausted[0]["attempts"][0].get("answer").is_none());

    let path = format!("/v1/deliveries/{id}");
    let replayed = world.client.post(&format!("{path}/replay"), &Value::Null).await;
    assert_eq!((replayed.status, &replayed.json()["status"]), (202, &json!("planned")));
    world.quiet().await;
    let shown = world.client.get(&path).await.json();
    assert_eq!(shown["status"], "delivered");
    assert_eq!(shown["attempts"].as_array().unwrap().len(), 3, "attempts are appended");
    let webhooks = world.receiver.webhooks();
    assert!(webhooks.iter().all(|webhook| webhook.id() == id));
    let bodies: Vec<_> = webhooks.iter().map(|webhook| &webhook.body).collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]), "byte for byte");
}

#[tokio::test]
async fn a_replay_restarts_the_schedule_and_happens_once_for_a_key() {
    let (world, _) = missed(1).await;
    world.receiver.answer(|_, _| 500);
    let id = deliveries(&world, "").await[0]["id"].as_str().unwrap().to_owned();
    let replay = format!("/v1/deliveries/{id}/replay");
    let key = [("Idempotency-Key", "one")];
    assert_eq!(world.client.post_with(&replay, &key, "").await.status, 202);
    settled(&world).await;
    assert_eq!(world.client.post_with(&replay, &key, "").await.status, 202);
    settled(&world).await;
    let shown = world.client.get(&format!("/v1/deliveries/{id}")).await.json();
    assert_eq!((&shown["status"], &shown["attempts_made"]), (&json!("exhausted"), &json!(4)));
}

#[tokio::test]
async fn an_endpoint_is_recovered_since_a_time() {
    let (world, endpoint) = missed(5).await;
    let recover = format!("{}/recover", path(&endpoint));
    let oldest = deliveries(&world, "").await[4]["created_at"].clone();
    let newest = deliveries(&world, "").await[0]["created_at"].clone();
    let dry = world.client.post(&recover, &json!({ "since": oldest, "dry_run": true })).await;
    assert_eq!((dry.status, &dry.json()["count"]), (200, &json!(5)));
    assert_eq!(deliveries(&world, "status=exhausted").await.len(), 5, "a dry run only counts");
    let one = world.client.post(&recover, &json!({ "since": newest })).await;
    assert_eq!((one.status, &one.json()["count"]), (202, &json!(1)));
    let rest = world.client.post(&recover, &json!({ "since": oldest })).await;
    assert_eq!(rest.json()["count"], 4);
    assert_eq!(rest.json()["next_cursor"], Value::Null);
    settled(&world).await;
    assert_eq!(deliveries(&world, "status=delivered").await.len(), 5);
}

#[tokio::test]
async fn what_waits_for_its_next_attempt_is_recovered_at_once() {
    let world = World::with_studio().await;
    let endpoint = create(&world, json!({ "events": ["job.completed"] })).await;
    world.receiver.answer(|_, _| 500);
    let body = json!({ "text": "Akkam jirta?", "language": "oromo" });
    assert_eq!(world.client.post("/v1/tts/async", &body).await.status, 202);
    // Long enough for the wait of an hour to have begun.
    let attempts = || world.receiver.webhooks().len();
    world.run_until("seven attempts", async || attempts() == 7).await;
    world.quiet().await;
    let waiting = deliveries(&world, "status=retrying").await;
    assert_eq!(waiting.len(), 1);

    world.receiver.answer(|_, _| 204);
    let now = world.clock.now();
    let since = json!({ "since": waiting[0]["created_at"] });
    let recovered = world.client.post(&format!("{}/recover", path(&endpoint)), &since).await;
    assert_eq!((recovered.status, &recovered.json()["count"]), (202, &json!(1)));
    world.quiet().await;
    assert_eq!(deliveries(&world, "status=delivered").await.len(), 1);
    assert_eq!(world.clock.now(), now, "it has not waited");
    settled(&world).await;
    assert_eq!(attempts(), 8, "the attempt that was due later is not made");
}

#[tokio::test]
async fn a_disabled_endpoint_is_not_recovered() {
    let (world, endpoint) = missed(1).await;
    world.client.patch(&path(&endpoint), &json!({ "status": "disabled" })).await;
    let since = json!({ "since": "2026-01-01T00:00:00Z" });
    let answer = world.client.post(&format!("{}/recover", path(&endpoint)), &since).await;
    assert_eq!((answer.status, &answer.json()["code"]), (409, &json!("endpoint_disabled")));
    let answer = world.client.post(&format!("{}/test", path(&endpoint)), &json!({})).await;
    assert_eq!(answer.status, 409);
    let id = deliveries(&world, "").await[0]["id"].as_str().unwrap().to_owned();
    world.client.post(&format!("/v1/deliveries/{id}/replay"), &json!({})).await;
    settled(&world).await;
    let shown = world.client.get(&format!("/v1/deliveries/{id}")).await.json();
    assert_eq!(
        (&shown["status"], &shown["reason"]),
        (&json!("discarded"), &json!("endpoint_disabled"))
    );

    world.client.patch(&path(&endpoint), &json!({ "status": "enabled" })).await;
    let answer = world.client.post(&format!("{}/recover", path(&endpoint)), &since).await;
    assert_eq!(answer.json()["count"], 1, "what was discarded is recovered too");
}

#[tokio::test]
async fn lists_are_paged_filtered_and_owned() {
    let (world, endpoint) = missed(5).await;
    let all = deliveries(&world, "").await;
    let mut paged = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = world.client.get(&format!("/v1/deliveries?limit=2{cursor}")).await.json();
        paged.extend(page["data"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged, all);
    assert!(
        all.windows(2).all(|pair| pair[0]["created_at"].as_str() >= pair[1]["created_at"].as_str())
    );
    let of = |id: &str| format!("endpoint={id}");
    assert_eq!(deliveries(&world, &of(endpoint["id"].as_str().unwrap())).await.len(), 5);
    assert!(deliveries(&world, &of("ep_0")).await.is_empty());
    for (query, field) in [
        ("status=lost", "status"),
        ("endpoint=x", "endpoint"),
        ("cursor=x", "cursor"),
        ("limit=x", "limit"),
    ] {
        problem(&world.client.get(&format!("/v1/deliveries?{query}")).await, 422, Some(field));
    }
    let other = world.client_of("other", &[Scope::Webhooks]).await;
    let id = all[0]["id"].as_str().unwrap();
    assert_eq!(other.get("/v1/deliveries").await.json()["data"], json!([]));
    problem(&other.get(&format!("/v1/deliveries/{id}")).await, 404, None);
    problem(&other.post(&format!("/v1/deliveries/{id}/replay"), &json!({})).await, 404, None);
    problem(&world.client.get("/v1/deliveries/msg_0").await, 404, None);
}
