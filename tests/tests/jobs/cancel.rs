//! `DELETE /v1/jobs/{job_id}`: at once, asked of the provider, or too late; and said so.

use std::time::Duration;

use serde_json::{Value, json};
use tests::world::Plan;
use tests::{Answer, World, templates};

async fn cancel(world: &World, id: &str) -> Answer {
    world.client.delete(&format!("/v1/jobs/{id}")).await
}

/// A job that the provider works on.
async fn running(world: &World) -> String {
    let id = world.client.speak("Akkam jirta?", &world.receiver.url()).await;
    world.quiet().await;
    assert_eq!(world.client.job(&id).await["step"], "running");
    id
}

fn told(world: &World, id: &str) -> Vec<Value> {
    world.receiver.about(id).iter().map(|webhook| webhook.json()["type"].clone()).collect()
}

fn assert_too_late(answer: &Answer) {
    assert_eq!(answer.status, 409, "{answer:?}");
    assert_eq!(answer.json()["code"], "too_late_to_cancel");
}

#[tokio::test]
async fn a_pending_job_ends_at_once() {
    // The queue's message is held back by a provider that puts the job off.
    let world = World::new().await;
    world.provider.answer_runs(503);
    let id = world.client.speak("Akkam jirta?", &world.receiver.url()).await;
    world.quiet().await;
    let answer = cancel(&world, &id).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["status"], "cancelled");
    world.quiet().await;
    assert_eq!(told(&world, &id), ["job.cancelled"]);

    world.provider.answer_runs(200);
    world.run_until("nothing is due", async || world.cloud.next_due().is_none()).await;
    assert_eq!(world.provider.runs().len(), 1, "it is not dispatched again");
    let again = cancel(&world, &id).await;
    assert_eq!((again.status, &again.json()["status"]), (200, &json!("cancelled")));
    assert_eq!(told(&world, &id), ["job.cancelled"]);
}

#[tokio::test]
async fn a_running_job_ends_when_its_provider_lets_go() {
    let world = World::new().await;
    let id = running(&world).await;
    let answer = cancel(&world, &id).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let job = answer.json();
    assert_eq!((&job["status"], &job["cancel_requested"]), (&json!("processing"), &json!(true)));
    world.quiet().await;
    assert_eq!(world.provider.cancelled(), ["task-1"]);
    assert_eq!(world.client.job(&id).await["status"], "cancelled");
    let [webhook] = &world.receiver.about(&id)[..] else { panic!("not one webhook") };
    let body = webhook.json();
    assert_eq!((&body["type"], &body["status"]), (&json!("job.cancelled"), &json!("cancelled")));
    assert!(body["completed_at"].is_string());
    assert_eq!(cancel(&world, &id).await.status, 200, "asking once more does no harm");
}

#[tokio::test]
async fn a_provider_that_takes_its_time_is_asked_again() {
    let world = World::new().await;
    world.provider.answer_cancels("IN_PROGRESS");
    let id = running(&world).await;
    assert_eq!(cancel(&world, &id).await.status, 202);
    world.quiet().await;
    assert_eq!(world.client.job(&id).await["status"], "processing");
    assert_eq!(cancel(&world, &id).await.status, 202, "asking once more does no harm");
    world.provider.answer_cancels("CANCELLED");
    world.run_until_job(&id, "cancelled").await;
    assert_eq!(told(&world, &id), ["job.cancelled"]);
}

#[tokio::test]
async fn a_provider_that_has_finished_meanwhile_is_too_fast() {
    let world = World::new().await;
    let id = running(&world).await;
    world.provider.answer_cancels("COMPLETED");
    let mut output = world.provider.file_ready(&id);
    output["bytes"] = json!(4044);
    world
        .provider
        .tell("task-1", json!({ "id": "task-1", "status": "COMPLETED", "output": output }));
    assert_eq!(cancel(&world, &id).await.status, 202);
    world.run_until_job(&id, "completed").await;
    assert_eq!(told(&world, &id), ["job.completed"]);
    assert_too_late(&cancel(&world, &id).await);
}

#[tokio::test]
async fn a_webhook_that_is_faster_than_the_wish_wins() {
    let world = World::new().await;
    let id = running(&world).await;
    let body = world.provider.file_ready(&id);
    let callback = world.provider.callback();
    world.client.post(&callback, &body).await;
    assert_too_late(&cancel(&world, &id).await);
    world.run_until_job(&id, "completed").await;
    assert_eq!(told(&world, &id), ["job.completed"]);
}

#[tokio::test]
async fn a_job_that_nobody_dispatches_can_be_ended() {
    let world = World::start(Plan { template: templates::frozen(), ..Plan::default() }).await;
    let id = world.client.speak("Akkam jirta?", &world.receiver.url()).await;
    world.pass(Duration::from_secs(1));
    let job = cancel(&world, &id).await.json();
    assert_eq!(job["step"], "cancelled");
    assert_eq!(job["completed_at"], "2026-01-01T00:00:01.000Z");
    assert_eq!(job["outputs"], json!([]));
}
