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

/// The events of the job's timeline that say how its cancel went.
async fn cancel_events(world: &World, id: &str) -> Vec<String> {
    let timeline = world.client.get(&format!("/v1/jobs/{id}/timeline")).await.json();
    let events = timeline["data"].as_array().unwrap().iter();
    let events = events.map(|entry| entry["event"].as_str().unwrap().to_owned());
    events.filter(|event| event.starts_with("cancel")).collect()
}

#[tokio::test]
async fn a_task_whose_cancel_is_refused_is_polled_until_it_ends() {
    for status in [409, 500] {
        let world = World::new().await;
        let id = running(&world).await;
        world.provider.refuse_cancels(status);
        assert_eq!(cancel(&world, &id).await.status, 202);
        world.quiet().await;
        assert_eq!(
            cancel_events(&world, &id).await,
            ["cancel_requested", "cancel_unconfirmed"],
            "{status}"
        );
        for _ in 0..5 {
            world.pass(Duration::from_mins(1));
            world.quiet().await;
        }
        let output = world.provider.file_ready(&id);
        let done = json!({ "id": "task-1", "status": "COMPLETED", "output": output });
        world.provider.tell("task-1", done);
        world.run_until_job(&id, "completed").await;
        assert!(world.provider.cancelled().len() > 5, "the cancel is requested again");
        assert_eq!(cancel_events(&world, &id).await.len(), 2, "{status}: once in the timeline");
        assert_eq!(world.provider.runs().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_cancel_that_never_comes_to_an_end_ends_with_the_deadline() {
    let world = World::new().await;
    let id = running(&world).await;
    world.provider.answer_cancels("IN_PROGRESS");
    assert_eq!(cancel(&world, &id).await.status, 202);
    world.quiet().await;
    assert_eq!(cancel_events(&world, &id).await, ["cancel_requested"], "it has some time");
    world.run_until_job(&id, "cancelled").await;
    let waited = world.clock.now().since(tests::world::START);
    assert!((120..130).contains(&(waited.as_secs() / 60)), "{waited:?}");
    let events = ["cancel_requested", "cancel_unconfirmed", "cancelled"];
    assert_eq!(cancel_events(&world, &id).await, events);
    assert_eq!((world.provider.runs().len(), told(&world, &id)), (1, vec![json!("job.cancelled")]));
}

#[tokio::test]
async fn a_task_that_is_gone_after_a_cancel_is_not_submitted_again() {
    let world = World::new().await;
    let id = running(&world).await;
    world.provider.refuse_cancels(500);
    assert_eq!(cancel(&world, &id).await.status, 202);
    world.quiet().await;
    world.provider.tell("task-1", Value::Null);
    world.run_until_job(&id, "cancelled").await;
    world.run_until("nothing is due", async || world.cloud.next_due().is_none()).await;
    assert!(world.clock.now().since(tests::world::START) < Duration::from_mins(10));
    assert_eq!(world.provider.runs().len(), 1);
}

#[tokio::test]
async fn a_file_that_is_lost_after_a_cancel_ends_the_job() {
    let world = World::new().await;
    let id = running(&world).await;
    world.provider.refuse_cancels(409);
    assert_eq!(cancel(&world, &id).await.status, 202);
    let mut body = world.provider.file_ready(&id);
    body["download_url"] = json!(format!("{}/output/lost.wav", world.provider.url()));
    world.provider.lose(&["lost.wav"]);
    assert_eq!(world.client.post(&world.provider.callback(), &body).await.status, 200);
    world.run_until_job(&id, "failed").await;
    assert_eq!(world.client.job(&id).await["error"]["code"], "file_lost");
    assert_eq!(world.provider.runs().len(), 1);
}

#[tokio::test]
async fn a_submission_whose_answer_was_lost_is_cancelled_unconfirmed() {
    let world = World::new().await;
    world.provider.answer_runs(502);
    let id = world.client.speak("Akkam jirta?", &world.receiver.url()).await;
    world.quiet().await;
    assert_eq!(cancel(&world, &id).await.status, 202);
    world.run_until_job(&id, "cancelled").await;
    let events = ["cancel_requested", "cancel_unconfirmed", "cancelled"];
    assert_eq!(cancel_events(&world, &id).await, events);
}
