//! The options of a speech job: passed to the worker and returned as they were sent, bounded, erased.

use serde_json::{Value, json};
use tests::World;

/// Numbers and an order that a reader of JSON would change.
const OPTIONS: &str = r#"{"speed":1.10,"seed":18446744073709551617,"model":{"b":1,"a":[null]}}"#;

async fn created(world: &World, options: &str) -> String {
    let url = world.receiver.url();
    let body = format!(
        r#"{{"text":"Akkam?","language":"oromo","webhook_url":"{url}","options":{options}}}"#
    );
    let answer = world.client.post_with("/v1/tts/async", &[], body).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    answer.json()["job_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn they_reach_the_worker_and_come_back_as_they_were_sent() {
    let world = World::with_studio().await;
    let id = created(&world, OPTIONS).await;
    world.run_until_job(&id, "completed").await;
    let shown = world.client.get(&format!("/v1/jobs/{id}")).await;
    let listed = world.client.get("/v1/jobs").await;
    let [webhook] = &world.receiver.about(&id)[..] else { panic!("not one webhook") };
    for body in [&shown.bytes[..], &listed.bytes[..], &webhook.body[..]] {
        let body = String::from_utf8_lossy(body);
        assert!(body.contains(&format!("\"options\":{OPTIONS}")), "{body}");
    }
}

#[tokio::test]
async fn they_stand_beside_the_members_that_are_ours() {
    let world = World::new().await;
    let text = "Nagaa jirtaa. ".repeat(50);
    let body = json!({ "text": text, "language": "om", "options": { "speed": 1.5, "Text": "x" } });
    world.client.post("/v1/tts/async", &body).await;
    world.quiet().await;
    let input = &world.provider.runs()[0]["input"];
    assert_eq!((&input["speed"], &input["Text"]), (&json!(1.5), &json!("x")));
    assert_eq!((&input["text"], &input["language"]), (&json!(text), &json!("oromo")));
}

#[tokio::test]
async fn what_is_ours_too_large_or_no_object_is_refused() {
    let world = World::frozen().await;
    for (options, field) in [
        (json!({ "speed": 1, "webhook_url": "https://other.example.com" }), "options.webhook_url"),
        (json!({ "s3Config": {} }), "options.s3Config"),
        (json!({ "a": "x".repeat(4096) }), "options"),
        (json!([1]), "options"),
        (json!("fast"), "options"),
    ] {
        let body = json!({ "text": "Akkam?", "language": "oromo", "options": options });
        let answer = world.client.post("/v1/tts/async", &body).await;
        assert_eq!((answer.status, &answer.json()["field"]), (422, &json!(field)), "{answer:?}");
    }
    let body = json!({ "text": "Akkam?", "language": "oromo", "options": null });
    assert_eq!(world.client.post("/v1/tts/async", &body).await.status, 202);
}

#[tokio::test]
async fn they_are_part_of_the_request_under_an_idempotency_key() {
    let world = World::frozen().await;
    let create = async |options: Value| {
        let body = json!({ "text": "Akkam?", "language": "oromo", "options": options });
        let key = [("idempotency-key", "order 7")];
        world.client.post_with("/v1/tts/async", &key, body.to_string()).await.status
    };
    assert_eq!(create(json!({ "speed": 1, "pitch": 2 })).await, 202);
    assert_eq!(create(json!({ "pitch": 2, "speed": 1 })).await, 202);
    assert_eq!(create(json!({ "speed": 2, "pitch": 2 })).await, 409);
}

#[tokio::test]
async fn a_purge_erases_them() {
    let world = World::with_studio().await;
    let id = created(&world, r#"{"model":"of Bontu"}"#).await;
    world.run_until_job(&id, "completed").await;
    let answer = world.client.delete(&format!("/v1/jobs/{id}?purge=true")).await;
    assert_eq!((answer.status, answer.json().get("options")), (200, None), "{answer:?}");
    world.quiet().await;
    let items = serde_json::to_string(&world.all_items().await).unwrap();
    assert!(!items.contains("Bontu"), "the options are still stored: {items}");
}
