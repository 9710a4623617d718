//! Secrets that are rotated while webhooks are under way: a receiver may go over to the new one
//! at any moment of the overlap, and refuses nothing.

use std::time::Duration;

use domain::webhook::Receiver;
use domain::{EventType, Secret};
use serde_json::{Value, json};
use signing::standard_webhooks::{self, Headers};
use signing::standard_webhooks_v1a::{self, PublicKey};
use signing::{Unverified, hex_hmac};
use tests::{Webhook, World};

const WEBHOOKS: usize = 400;
const OVERLAP: Duration = Duration::from_hours(1);

fn headers(webhook: &Webhook) -> Headers<'_> {
    Headers::find(|name| webhook.headers.get(name).and_then(|value| value.to_str().ok())).unwrap()
}

fn verify(webhook: &Webhook, secret: &str) -> Result<(), Unverified> {
    let secret = Secret::new(secret);
    let secrets = std::slice::from_ref(&secret);
    standard_webhooks::verify(&headers(webhook), secrets, webhook.at, &webhook.body)
}

async fn rotate(world: &World, path: &str) -> Value {
    let body = json!({ "overlap_seconds": OVERLAP.as_secs() });
    let answer = world.client.post(path, &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// Rotates in the midst of a load, and again after it; `old` is the secret before.
async fn rotation_under_load(world: &World, receiver: &Receiver, path: &str, old: &str) {
    // Some fail at first, so that attempts of one webhook lie on both sides of the rotation.
    let fails =
        |webhook: &Webhook| webhook.json()["data"]["nth"].as_u64().unwrap().is_multiple_of(4);
    world.receiver.answer(
        move |webhook, before| {
            if before == 0 && fails(webhook) { 500 } else { 204 }
        },
    );
    let webhooks = |from: usize| {
        (from..from + WEBHOOKS).map(|nth| world.webhook(EventType::JobCompleted, nth, receiver))
    };
    world.post(webhooks(0)).await;
    let rotated = rotate(world, path).await;
    let before = world.receiver.webhooks().len();
    let new = rotated["secret"].as_str().unwrap();
    assert_ne!(new, old);
    world.post(webhooks(WEBHOOKS)).await;
    world.run_out().await;

    let seen = world.receiver.webhooks();
    assert!(before < seen.len(), "the rotation came in the midst of it");
    assert_eq!(seen.len(), WEBHOOKS * 2 + WEBHOOKS / 2);
    for webhook in &seen {
        assert_eq!(verify(webhook, old), Ok(()), "by the old secret");
    }
    // What was under way when the answer came may have been signed before it.
    let after: Vec<_> = seen.iter().filter(|webhook| webhook.at > world_start(&seen)).collect();
    assert!(after.len() >= WEBHOOKS / 2);
    for webhook in after {
        assert_eq!(verify(webhook, new), Ok(()), "by the new secret");
        let older =
            |header| hex_hmac::verify(&Secret::new(new), &webhook.body, webhook.header(header));
        assert_eq!(older("x-webhook-signature"), Ok(()));
        let previous = webhook.header("x-webhook-signature-previous");
        assert_eq!(hex_hmac::verify(&Secret::new(old), &webhook.body, previous), Ok(()));
    }

    world.pass(OVERLAP);
    world.receiver.answer(|_, _| 204);
    world.post([world.webhook(EventType::JobCompleted, WEBHOOKS * 2, receiver)]).await;
    world.run_out().await;
    let last = world.receiver.webhooks().pop().unwrap();
    assert_eq!(verify(&last, new), Ok(()));
    assert_eq!(verify(&last, old), Err(Unverified::NoMatch), "the overlap is over");
    assert_eq!(last.header("x-webhook-signature-previous"), "");
}

/// When the first webhook came; the clock moves only once nothing more is under way.
fn world_start(seen: &[Webhook]) -> domain::Timestamp {
    seen.iter().map(|webhook| webhook.at).min().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoints_secret_is_rotated_under_load() {
    let world = World::new().await;
    let endpoint = world.endpoint(&json!({ "url": world.receiver.url() })).await;
    let secret = world.client.get(&format!("/v1/endpoints/{endpoint}/secret")).await.json();
    let path = format!("/v1/endpoints/{endpoint}/rotate-secret");
    let old = secret["secret"].as_str().unwrap();
    rotation_under_load(&world, &Receiver::Endpoint(endpoint), &path, old).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owners_secret_is_rotated_under_load() {
    let world = World::new().await;
    let secret = world.client.get("/v1/webhook-secret").await.json();
    let receiver = Receiver::Url(world.receiver.url());
    let old = secret["secret"].as_str().unwrap();
    rotation_under_load(&world, &receiver, "/v1/webhook-secret/rotate", old).await;
}

#[tokio::test]
async fn an_endpoint_may_be_signed_for_without_a_shared_secret() {
    let world = World::new().await;
    let settings = json!({ "url": world.receiver.url(), "signing": "v1a",
        "headers": { "X-Tenant": "acme" } });
    let endpoint = world.endpoint(&settings).await;
    let key = async || {
        let shown = world.client.get(&format!("/v1/endpoints/{endpoint}/secret")).await.json();
        shown["public_key"].as_str().unwrap().parse::<PublicKey>().unwrap()
    };
    let old = key().await;
    rotate(&world, &format!("/v1/endpoints/{endpoint}/rotate-secret")).await;
    let new = key().await;
    assert_ne!(old, new);
    let receiver = Receiver::Endpoint(endpoint.clone());
    world.post([world.webhook(EventType::JobCompleted, 1, &receiver)]).await;
    world.run_out().await;
    let webhook = world.receiver.webhooks().remove(0);
    for key in [old, new] {
        let verified =
            standard_webhooks_v1a::verify(&headers(&webhook), &[key], webhook.at, &webhook.body);
        assert_eq!(verified, Ok(()));
    }
    assert_eq!(webhook.header("x-tenant"), "acme");
    assert_eq!(webhook.header("x-webhook-signature"), "", "no shared secret could verify it");
    assert_eq!(webhook.header("content-type"), "application/json");
}
