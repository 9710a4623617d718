//! What webhooks said about a job or project is erased with it, also while they are under way.

use std::time::Duration;

use serde_json::{Value, json};
use tests::sent::Sent;
use tests::{World, film};

use crate::endpoints::manage::{create, path};

/// What must not be stored after a purge.
const SAID: &str = "kuduraa";

async fn endpoint(world: &World, at: &str, events: &[&str]) -> Value {
    let url = world.receiver.url().replace("/hook", at);
    create(world, json!({ "url": url, "events": events })).await
}

/// A job of the test's provider that says [`SAID`], up to its first webhooks.
async fn speak(world: &World) -> String {
    let body = json!({ "text": SAID, "language": "oromo", "metadata": { "order": SAID },
        "webhook_url": format!("{}?{SAID}", world.receiver.url()) });
    let answer = world.client.post("/v1/tts/async", &body).await;
    answer.json()["job_id"].as_str().unwrap().to_owned()
}

async fn purge(world: &World, path: &str) {
    let answer = world.client.delete(&format!("{path}?purge=true")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

async fn deliveries(world: &World) -> Vec<Value> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world.client.get(&format!("/v1/deliveries?limit=100{cursor}")).await.json();
        found.extend(page["data"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { return found };
        cursor = format!("&cursor={next}");
    }
}

/// The delivery of the only webhook of the type `event`.
async fn delivery(world: &World, event: &str) -> Value {
    let mut found = deliveries(world).await;
    found.retain(|delivery| delivery["event"] == event);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

async fn assert_nothing_is_said(world: &World) {
    let items = serde_json::to_string(&world.items().await).unwrap();
    let at = items.find(SAID).map(|at| &items[at.saturating_sub(300)..at + 100]);
    assert_eq!(at, None, "it is still stored");
}

/// Resolves once `done` holds, without waiting for what is under way.
async fn until<F: Future<Output = bool>>(done: impl Fn() -> F) {
    let deadline = tokio::time::Instant::now() + Duration::from_mins(1);
    while !done().await {
        assert!(tokio::time::Instant::now() < deadline, "not within a minute");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn cancel(world: &World, id: &str) {
    let answer = world.client.delete(&format!("/v1/jobs/{id}")).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    until(async || world.client.job(id).await["status"] == "cancelled").await;
}

#[tokio::test]
async fn hundreds_of_deliveries_are_erased_with_their_job() {
    const ENDPOINTS: usize = 48;
    let world = World::new().await;
    let former = endpoint(&world, "/former", &[]).await;
    for number in 0..ENDPOINTS {
        endpoint(&world, &format!("/{number}"), &["job.started", "job.progress"]).await;
    }
    let id = speak(&world).await;
    world.quiet().await;
    for percent in [12, 60] {
        let state = json!({ "id": "task-1", "status": "IN_PROGRESS",
            "output": { "progress": percent } });
        world.provider.tell("task-1", state);
        let asked = world.provider.asked().len();
        world.run_until("asked again", async || world.provider.asked().len() > asked).await;
        world.quiet().await;
    }
    assert_eq!(world.client.delete(&path(&former)).await.status, 204);
    cancel(&world, &id).await;
    world.quiet().await;
    let before = deliveries(&world).await;
    assert_eq!(before.len(), 3 * (ENDPOINTS + 1) + 1, "to a former endpoint too");
    purge(&world, &format!("/v1/jobs/{id}")).await;
    world.quiet().await;
    assert_nothing_is_said(&world).await;
    let after = deliveries(&world).await;
    assert_eq!(after.len(), before.len());
    for (before, after) in before.iter().zip(after) {
        assert!(after["erased_at"].is_string(), "{after}");
        for kept in ["id", "event", "job_id", "status", "created_at", "attempts"] {
            assert_eq!(after[kept], before[kept], "{kept}");
        }
    }
    let replay = format!("/v1/deliveries/{}/replay", before[0]["id"].as_str().unwrap());
    let answer = world.client.post(&replay, &Value::Null).await;
    assert_eq!((answer.status, &answer.json()["code"]), (410, &json!("gone")), "{answer:?}");
    let came = world.receiver.webhooks().len();
    world.quiet().await;
    assert_eq!(world.receiver.webhooks().len(), came);
}

#[tokio::test]
async fn what_the_first_attempt_says_while_its_job_is_erased_is_not_stored() {
    let world = World::new().await;
    endpoint(&world, "/started", &["job.started"]).await;
    let release = world.receiver.hold_next();
    Sent::begin(&world);
    let id = speak(&world).await;
    until(async || !world.receiver.webhooks().is_empty()).await;
    cancel(&world, &id).await;
    purge(&world, &format!("/v1/jobs/{id}")).await;
    let is_erased = |sent: &Sent| sent.operations().contains(&"dynamodb BatchGetItem".to_owned());
    until(async || is_erased(&Sent::so_far(&world).by("erase"))).await;
    drop(release);
    world.quiet().await;
    let delivery = delivery(&world, "job.started").await;
    assert_eq!((&delivery["status"], &delivery["attempts_made"]), (&json!("delivered"), &json!(1)));
    assert!(delivery["erased_at"].is_string(), "{delivery}");
    assert_nothing_is_said(&world).await;
}

#[tokio::test]
async fn what_a_retry_says_while_its_job_is_erased_is_not_stored_and_not_sent_again() {
    let world = World::new().await;
    endpoint(&world, "/started", &["job.started"]).await;
    world.receiver.answer(|webhook, _| if webhook.path == "/started" { 500 } else { 204 });
    let id = speak(&world).await;
    world.quiet().await;
    let release = world.receiver.hold_next();
    world.pass(Duration::from_mins(1));
    let came = |at: &str| {
        let webhooks = world.receiver.webhooks();
        webhooks.iter().filter(|webhook| webhook.path == at).count()
    };
    until(async || came("/started") == 2).await;
    cancel(&world, &id).await;
    purge(&world, &format!("/v1/jobs/{id}")).await;
    until(async || delivery(&world, "job.started").await["erased_at"].is_string()).await;
    drop(release);
    world.run_until("nothing is due", async || world.cloud.next_due().is_none()).await;
    let delivery = delivery(&world, "job.started").await;
    assert_eq!((&delivery["status"], &delivery["reason"]), (&json!("discarded"), &json!("erased")));
    assert_eq!((came("/started"), &delivery["attempts_made"]), (2, &json!(2)));
    assert_nothing_is_said(&world).await;
}

#[tokio::test]
async fn that_a_job_was_cancelled_arrives_though_the_job_is_erased() {
    let world = World::new().await;
    world.receiver.answer(|_, before| if before < 3 { 500 } else { 204 });
    let id = speak(&world).await;
    world.quiet().await;
    cancel(&world, &id).await;
    world.quiet().await;
    purge(&world, &format!("/v1/jobs/{id}")).await;
    world.run_until("nothing is due", async || world.cloud.next_due().is_none()).await;
    let delivery = delivery(&world, "job.cancelled").await;
    assert_eq!((&delivery["status"], &delivery["attempts_made"]), (&json!("delivered"), &json!(4)));
    let webhooks = world.receiver.webhooks();
    assert!(webhooks.iter().all(|webhook| webhook.body == webhooks[0].body), "byte for byte");
    assert_nothing_is_said(&world).await;
}

#[tokio::test]
async fn what_webhooks_said_is_erased_with_their_project() {
    let world = World::new().await;
    let mut body = film::small(&world, 1);
    body["metadata"] = json!({ "order": SAID });
    endpoint(&world, "/films", &["project.completed"]).await;
    let id = world.create_project(&body).await;
    world.complete_from(1).await;
    world.quiet().await;
    assert_eq!(deliveries(&world).await.len(), 2, "to its own URL too");
    purge(&world, &format!("/v1/projects/{id}")).await;
    world.quiet().await;
    assert!(deliveries(&world).await.iter().all(|one| one["erased_at"].is_string()));
    assert_nothing_is_said(&world).await;
}
