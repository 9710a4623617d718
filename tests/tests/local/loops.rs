//! Lambda stops a function that runs more than 16 times in one chain of messages, unless its
//! `RecursiveLoop` in the template allows it.

use std::time::Duration;

use serde_json::{Value, json};
use tests::{Plan, World, templates};

use crate::endpoints::manage::create;

/// How often a receiver fails before it accepts a webhook.
const FAILURES: usize = 20;
/// How often Lambda lets a function run in one chain.
const RUNS: usize = 16;

async fn world(is_allowed: bool) -> World {
    let template = if is_allowed { templates::whole() } else { templates::without_loops() };
    World::start(Plan { template, ..Plan::default() }).await
}

async fn speak(world: &World) {
    let body = json!({ "text": "Akkam jirta?", "language": "oromo" });
    assert_eq!(world.client.post("/v1/tts/async", &body).await.status, 202);
    world.quiet().await;
}

/// The delivery of a webhook to a receiver that fails at first, once no message of it is left.
async fn retried(world: &World) -> Value {
    world.receiver.answer(|_, before| if before < FAILURES { 500 } else { 204 });
    let retries = [600; FAILURES];
    create(world, json!({ "events": ["job.started"], "retry_schedule_seconds": retries })).await;
    speak(world).await;
    let queue = templates::queue("deliver");
    world
        .run_until("no webhook waits", async || {
            let depth = world.cloud.aws().queue_depth(&queue).unwrap();
            depth.visible + depth.in_flight + depth.delayed == 0
        })
        .await;
    world.client.get("/v1/deliveries").await.json()["data"][0].clone()
}

fn dead_letters(world: &World) -> u64 {
    let queue = templates::queue("deliver");
    let queue = templates::resolved().queues.iter().find(|one| one.name == queue).unwrap();
    let redrive = queue.redrive.as_ref().unwrap();
    world.cloud.aws().queue_depth(&redrive.dead_letter_queue).unwrap().visible
}

#[tokio::test]
async fn a_webhook_is_retried_over_more_hops_than_a_loop_may_have() {
    let world = world(true).await;
    let delivery = retried(&world).await;
    assert_eq!(
        (&delivery["status"], &delivery["attempts_made"]),
        (&json!("delivered"), &json!(21))
    );
    assert_eq!(dead_letters(&world), 0);
}

#[tokio::test]
async fn a_webhook_whose_function_may_not_loop_becomes_a_dead_letter() {
    let world = world(false).await;
    let delivery = retried(&world).await;
    assert_eq!(delivery["status"], "retrying");
    assert!(world.receiver.webhooks().len() <= RUNS, "{delivery}");
    assert_eq!(dead_letters(&world), 1);
}

/// How often the provider is asked about a job that it works on for 50 minutes.
async fn polls(world: &World) -> usize {
    speak(world).await;
    world.provider.tell("task-1", json!({ "id": "task-1", "status": "IN_PROGRESS" }));
    for _ in 0..100 {
        world.pass(Duration::from_secs(30));
        world.quiet().await;
    }
    world.provider.asked().len()
}

#[tokio::test]
async fn a_job_is_polled_more_often_than_a_loop_may_run() {
    let (allowed, refused) = (polls(&world(true).await).await, polls(&world(false).await).await);
    assert!(allowed > 2 * RUNS && refused <= RUNS, "{allowed}, {refused}");
}
