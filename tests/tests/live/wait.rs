//! `GET /v1/jobs/{id}?wait=30` and `Prefer: wait=30`.

use std::time::Duration;

use domain::limits;
use serde_json::json;
use tests::{Answer, World};
use tokio::time::timeout;

/// Far more than a poll takes, by the machine's clock.
const SOON: Duration = Duration::from_secs(20);

async fn speak(world: &World) -> String {
    world.client.speak("Akkam jirta?", &world.receiver.url()).await
}

/// Answers a request, while `happens` is done once it waits.
async fn while_waiting(
    answer: impl Future<Output = Answer>,
    happens: impl Future<Output = ()>,
) -> Answer {
    let mut answer = std::pin::pin!(answer);
    let early = timeout(Duration::from_millis(600), &mut answer).await;
    assert!(early.is_err(), "it does not wait: {early:?}");
    happens.await;
    timeout(SOON, answer).await.expect("it is answered once that has happened")
}

#[tokio::test]
async fn a_request_waits_until_the_job_changes() {
    let world = World::new().await;
    let id = speak(&world).await;
    world.quiet().await;
    let path = format!("/v1/jobs/{id}?wait=30");
    let answer = while_waiting(world.client.get(&path), async {
        let (callback, body) = (world.provider.callback(), world.provider.file_ready(&id));
        assert_eq!(world.client.post(&callback, &body).await.status, 200);
    })
    .await;
    assert_eq!(answer.status, 200);
    assert_ne!(answer.json()["step"], "running", "{answer:?}");
    assert_eq!(answer.header("preference-applied"), "");
}

#[tokio::test]
async fn a_wait_ends_before_the_gateway_gives_up() {
    let world = World::frozen().await;
    let id = speak(&world).await;
    let path = format!("/v1/jobs/{id}");
    let request = world.client.get_with(&path, ("prefer", "respond-async, Wait=\"100\"; x"));
    let answer = while_waiting(request, async { world.pass(limits::CHANGE_WAIT) }).await;
    assert_eq!((answer.status, &answer.json()["status"]), (200, &json!("pending")), "{answer:?}");
    assert_eq!(answer.header("preference-applied"), "wait=28");
}

#[tokio::test]
async fn a_job_that_has_ended_is_shown_at_once() {
    let world = World::frozen().await;
    let id = speak(&world).await;
    assert_eq!(world.client.delete(&format!("/v1/jobs/{id}")).await.status, 200);
    let path = format!("/v1/jobs/{id}?wait=30");
    let answer = timeout(SOON, world.client.get(&path)).await.expect("it does not wait");
    assert_eq!(answer.json()["status"], "cancelled");
}

#[tokio::test]
async fn a_wait_that_cannot_be_read_is_refused_and_a_preference_ignored() {
    let world = World::frozen().await;
    let id = speak(&world).await;
    for wait in ["31", "-1", "1.5", "soon", "+5", "99999999999999999999"] {
        let answer = world.client.get(&format!("/v1/jobs/{id}?wait={wait}")).await;
        assert_eq!((answer.status, &answer.json()["field"]), (422, &json!("wait")), "{wait}");
    }
    for prefer in ["wait=soon", "wait", "return=minimal", "waits=5", ""] {
        let request = world.client.get_with(&format!("/v1/jobs/{id}"), ("prefer", prefer));
        let answer = timeout(SOON, request).await.expect("it does not wait");
        assert_eq!((answer.status, answer.header("preference-applied")), (200, ""), "{prefer}");
    }
    let path = format!("/v1/jobs/{id}?wait=0");
    assert_eq!(timeout(SOON, world.client.get(&path)).await.expect("no wait").status, 200);
}
