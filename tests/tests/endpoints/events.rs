//! Which endpoints get which events.

use std::time::Duration;

use serde_json::{Value, json};
use tests::{Webhook, World};

use crate::endpoints::manage::{create, path};

/// The types of what came to `at`, in order.
fn events_at(world: &World, at: &str) -> Vec<String> {
    let webhooks = world.receiver.webhooks();
    let there = webhooks.iter().filter(|webhook| webhook.path == at);
    there.map(|webhook| webhook.json()["type"].as_str().unwrap().to_owned()).collect()
}

/// Creates an endpoint at the path `at` of the world's receiver.
async fn at(world: &World, at: &str, events: &[&str]) -> Value {
    let url = world.receiver.url().replace("/hook", at);
    create(world, json!({ "url": url, "events": events })).await
}

async fn speak(world: &World) -> String {
    world.client.speak("Akkam jirta?", &world.receiver.url()).await
}

#[tokio::test]
async fn endpoints_get_what_they_subscribe_to_and_a_jobs_url_its_end() {
    let world = World::with_studio().await;
    at(&world, "/all", &[]).await;
    at(&world, "/failures", &["job.failed"]).await;
    let disabled = at(&world, "/disabled", &[]).await;
    world.client.patch(&path(&disabled), &json!({ "status": "disabled" })).await;
    let id = speak(&world).await;
    world.run_until_job(&id, "completed").await;
    assert_eq!(events_at(&world, "/all"), ["job.started", "job.completed"]);
    assert_eq!(events_at(&world, "/hook"), ["job.completed"]);
    assert!(events_at(&world, "/failures").is_empty() && events_at(&world, "/disabled").is_empty());
    let started =
        world.receiver.webhooks().into_iter().find(|webhook| webhook.path == "/all").unwrap();
    let body = started.json();
    assert_eq!((&body["job_id"], &body["status"]), (&json!(id), &json!("processing")));
    assert_eq!(body["timestamp"], body["data"]["started_at"]);
}

#[tokio::test]
async fn progress_is_sent_in_steps_of_ten_percent() {
    let world = World::new().await;
    at(&world, "/progress", &["job.progress"]).await;
    let id = speak(&world).await;
    world.quiet().await;
    for percent in [12, 15, 21, 22, 60] {
        let state = json!({ "id": "task-1", "status": "IN_PROGRESS",
            "output": { "progress_percent": percent, "progress": percent } });
        world.provider.tell("task-1", state);
        let due = world.provider.asked().len();
        world.run_until("asked again", async || world.provider.asked().len() > due).await;
        world.quiet().await;
    }
    let percents: Vec<_> = world
        .receiver
        .webhooks()
        .iter()
        .map(|webhook| webhook.json()["data"]["progress_percent"].clone())
        .collect();
    assert_eq!(percents, [12, 22, 60]);
    assert_eq!(world.client.job(&id).await["progress_percent"], 60);
}

fn about(webhooks: &[Webhook], at: &str, event: &str) -> Vec<Value> {
    let there = webhooks.iter().filter(|webhook| webhook.path == at);
    there.map(Webhook::json).filter(|body| body["type"] == event).collect()
}

#[tokio::test]
async fn an_endpoint_that_answers_410_is_disabled_and_the_others_are_notified() {
    let world = World::with_studio().await;
    let gone = at(&world, "/gone", &[]).await;
    at(&world, "/other", &["endpoint.disabled", "delivery.exhausted"]).await;
    world.receiver.answer(|webhook, _| if webhook.path == "/gone" { 410 } else { 204 });
    let id = speak(&world).await;
    world.run_until_job(&id, "completed").await;
    let shown = world.client.get(&path(&gone)).await.json();
    assert_eq!((&shown["status"], &shown["disabled_reason"]), (&json!("disabled"), &json!("gone")));
    let webhooks = world.receiver.webhooks();
    let disabled = about(&webhooks, "/other", "endpoint.disabled");
    assert_eq!(disabled.len(), 1, "{disabled:?}");
    assert_eq!(disabled[0]["data"]["id"], gone["id"]);
    assert!(about(&webhooks, "/gone", "endpoint.disabled").is_empty());
    assert_eq!(about(&webhooks, "/other", "delivery.exhausted").len(), 1);
}

#[tokio::test]
async fn an_exhausted_delivery_is_an_event_to_the_others_and_not_of_itself() {
    let world = World::with_studio().await;
    let events = ["job.completed", "delivery.exhausted"];
    for name in ["/one", "/two"] {
        let url = world.receiver.url().replace("/hook", name);
        let more = json!({ "url": url, "events": events, "retry_schedule_seconds": [1] });
        create(&world, more).await;
    }
    world.receiver.answer(|webhook, _| if webhook.path == "/hook" { 204 } else { 500 });
    let id = speak(&world).await;
    world.run_until_job(&id, "completed").await;
    world.run_until("nothing is due", async || world.cloud.next_due().is_none()).await;
    world.pass(Duration::from_secs(1));
    let webhooks = world.receiver.webhooks();
    for name in ["/one", "/two"] {
        let exhausted = about(&webhooks, name, "delivery.exhausted");
        assert_eq!(exhausted.len(), 2, "one event, tried twice: {exhausted:?}");
        assert_eq!(exhausted[0]["data"]["event"], "job.completed");
        assert_eq!(exhausted[0]["data"]["job_id"], id);
    }
}
