//! Submissions whose answer says nothing: the provider may be at work. Nothing is submitted twice
//! unless the client wants it, and a result is taken whenever it comes.

use std::time::Duration;

use serde_json::{Value, json};
use tests::World;

/// Longer than a claim may last, after which `reconcile` acts.
const LATER: Duration = Duration::from_mins(5);

/// A job whose submission is answered with `status`.
async fn submitted(world: &World, status: u16, more: &Value) -> String {
    let mut body =
        json!({ "text": "Akkam?", "language": "om", "webhook_url": world.receiver.url() });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    world.provider.answer_runs(status);
    let created = world.client.post("/v1/tts/async", &body).await;
    assert_eq!(created.status, 202, "{created:?}");
    world.quiet().await;
    created.json()["job_id"].as_str().unwrap().to_owned()
}

/// Passes `LATER` in steps, so that everything due on the way happens.
async fn wait(world: &World) {
    for _ in 0..10 {
        world.pass(LATER / 10);
        world.quiet().await;
    }
}

async fn report_result(world: &World, callback: &str, id: &str) {
    let body = world.provider.file_ready(id);
    let answer = world.client.with_key(None).post(callback, &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["success"], true, "{answer:?}");
    world.quiet().await;
}

#[tokio::test]
async fn is_not_submitted_again_and_its_result_is_taken() {
    for status in [500, 502, 504, 524] {
        let world = World::new().await;
        let id = submitted(&world, status, &Value::Null).await;
        assert_eq!(world.client.job(&id).await["step"], "uncertain", "{status}");
        world.provider.answer_runs(200);
        for _ in 0..4 {
            wait(&world).await;
        }
        assert_eq!(world.provider.runs().len(), 1, "{status}");
        assert_eq!(world.client.job(&id).await["step"], "uncertain", "{status}");
        report_result(&world, &world.provider.callback(), &id).await;
        assert_eq!(world.client.job(&id).await["status"], "completed", "{status}");
        assert_eq!(world.receiver.about(&id).len(), 1, "{status}");
        assert_eq!(world.provider.runs().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn is_submitted_again_or_fails_if_its_client_wants_that() {
    let world = World::new().await;
    let id = submitted(&world, 502, &json!({ "on_uncertain": "retry" })).await;
    let first = world.provider.callback();
    world.provider.answer_runs(200);
    wait(&world).await;
    assert_eq!(world.provider.runs().len(), 2);
    assert_eq!(world.client.job(&id).await["status"], "processing");
    // The first attempt is paid for as well.
    report_result(&world, &first, &id).await;
    assert_eq!(world.client.job(&id).await["status"], "completed");

    let id = submitted(&world, 502, &json!({ "on_uncertain": "fail" })).await;
    world.provider.answer_runs(200);
    wait(&world).await;
    assert_eq!(world.client.job(&id).await["error"]["code"], "submission_uncertain");
    assert_eq!(world.provider.runs().len(), 3);
}

#[tokio::test]
async fn a_refusal_leaves_nothing_uncertain() {
    for status in [429, 503] {
        let world = World::new().await;
        let id = submitted(&world, status, &json!({ "on_uncertain": "fail" })).await;
        assert_eq!(world.client.job(&id).await["step"], "queued", "{status}");
        world.provider.answer_runs(200);
        wait(&world).await;
        assert_eq!(world.client.job(&id).await["status"], "processing", "{status}");
    }
}

#[tokio::test]
async fn no_submission_follows_a_cancel() {
    let world = World::new().await;
    let id = submitted(&world, 502, &json!({ "on_uncertain": "retry" })).await;
    world.provider.answer_runs(200);
    let answer = world.client.delete(&format!("/v1/jobs/{id}")).await;
    assert!([200, 202].contains(&answer.status), "{answer:?}");
    wait(&world).await;
    assert_eq!(world.provider.runs().len(), 1);
    assert_eq!(world.client.job(&id).await["status"], "cancelled");
}

#[tokio::test]
async fn what_to_do_is_one_of_three_words() {
    let world = World::new().await;
    let body = json!({ "text": "Akkam?", "language": "om", "on_uncertain": "perhaps" });
    let answer = world.client.post("/v1/tts/async", &body).await;
    assert_eq!(answer.status, 422, "{answer:?}");
    assert!(answer.json()["detail"].as_str().unwrap().contains("on_uncertain"), "{answer:?}");
}
