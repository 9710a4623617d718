//! What signs: showing it, rotating it, and what receivers then accept.

use std::time::Duration;

use domain::{Secret, Timestamp};
use serde_json::{Value, json};
use signing::{hex_hmac, standard_webhooks};
use tests::{Webhook, World};

use crate::endpoints::manage::{create, path};

async fn rotate(world: &World, path: &str, overlap: u64) -> Value {
    let body = json!({ "overlap_seconds": overlap });
    let answer = world.client.post(path, &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name}: {value}")).to_owned()
}

fn accepts(webhook: &Webhook, secret: &str, at: Timestamp) -> bool {
    let get = |name| webhook.headers.get(name).and_then(|value| value.to_str().ok());
    let headers = standard_webhooks::Headers::find(get).unwrap();
    let secrets = [Secret::new(secret)];
    standard_webhooks::verify(&headers, &secrets, at, &webhook.body).is_ok()
}

/// Has a test sent to the endpoint, and returns it.
async fn test_event(world: &World, endpoint: &Value) -> Webhook {
    let answer = world.client.post(&format!("{}/test", path(endpoint)), &json!({})).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let id = text(&answer.json(), "delivery_id");
    world.quiet().await;
    let webhooks = world.receiver.webhooks();
    webhooks.into_iter().find(|webhook| webhook.id() == id).expect("the test arrives")
}

#[tokio::test]
async fn an_old_secret_verifies_until_its_overlap_ends() {
    let world = World::new().await;
    let made = create(&world, json!({})).await;
    let old = text(&made, "secret");
    assert!(accepts(&test_event(&world, &made).await, &old, world.clock.now()));

    let rotated = rotate(&world, &format!("{}/rotate-secret", path(&made)), 3600).await;
    let new = text(&rotated, "secret");
    assert_ne!(old, new);
    assert_eq!(rotated["previous"][0]["secret"], old);
    let both = test_event(&world, &made).await;
    assert!(accepts(&both, &old, both.at) && accepts(&both, &new, both.at));
    let signature = both.header(hex_hmac::SIGNATURE_HEADER);
    assert!(hex_hmac::verify(&Secret::new(new.as_str()), &both.body, signature).is_ok());

    world.pass(Duration::from_hours(1));
    let shown = world.client.get(&format!("{}/secret", path(&made))).await.json();
    assert_eq!((&shown["secret"], &shown["previous"]), (&json!(new), &json!([])));
    let after = test_event(&world, &made).await;
    assert!(!accepts(&after, &old, after.at) && accepts(&after, &new, after.at));
}

#[tokio::test]
async fn a_receiver_may_know_a_public_key_alone() {
    let world = World::new().await;
    let made = create(&world, json!({ "signing": "v1a" })).await;
    assert!(made.get("secret").is_none());
    let key = text(&made, "public_key");
    assert!(key.starts_with("whpk_"), "{key}");
    let webhook = test_event(&world, &made).await;
    assert!(webhook.header("webhook-signature").starts_with("v1a,"));
    assert_eq!(
        text(&world.client.get(&format!("{}/secret", path(&made))).await.json(), "public_key"),
        key
    );
}

#[tokio::test]
async fn the_owners_own_secret_rotates_too() {
    let world = World::with_studio().await;
    let old = text(&world.client.get("/v1/webhook-secret").await.json(), "secret");
    let rotated = rotate(&world, "/v1/webhook-secret/rotate", 3600).await;
    let shown = world.client.get("/v1/webhook-secret").await.json();
    assert_eq!(shown, rotated);
    let id = world.client.speak("Akkam jirta?", &world.receiver.url()).await;
    world.run_until_job(&id, "completed").await;
    let webhook = &world.receiver.about(&id)[0];
    assert!(accepts(webhook, &old, webhook.at));
    assert!(accepts(webhook, &text(&rotated, "secret"), webhook.at));
}

#[tokio::test]
async fn a_rotation_is_bounded_and_happens_once() {
    let world = World::frozen().await;
    let made = create(&world, json!({})).await;
    let path = format!("{}/rotate-secret", path(&made));
    for bad in [json!({ "overlap_seconds": 604_801 }), json!({ "overlap_seconds": -1 })] {
        let answer = world.client.post(&path, &bad).await;
        assert_eq!((answer.status, &answer.json()["field"]), (422, &json!("overlap_seconds")));
    }
    let key = [("Idempotency-Key", "one")];
    let once = world.client.post_with(&path, &key, "").await;
    let again = world.client.post_with(&path, &key, "").await;
    assert_eq!((once.status, once.json()), (200, again.json()));
    let other = world.client.post_with(&path, &key, "{}").await;
    assert_eq!(other.status, 409);
    for _ in 0..8 {
        rotate(&world, &path, 60).await;
    }
    let answer = world.client.post(&path, &json!({})).await;
    assert_eq!((answer.status, &answer.json()["code"]), (409, &json!("too_many_secrets")));
}

/// Its secret may have leaked before it was deleted.
#[tokio::test]
async fn an_endpoint_created_again_under_its_key_has_another_secret() {
    let world = World::frozen().await;
    let body = json!({ "url": world.receiver.url() }).to_string();
    let create = async || {
        let headers = [("idempotency-key", "terraform-prod-hook")];
        world.client.post_with("/v1/endpoints", &headers, body.clone()).await
    };
    let first = create().await.json();
    assert_eq!(create().await.json()["secret"], first["secret"], "a retry is answered alike");
    assert_eq!(world.client.delete(&path(&first)).await.status, 204);
    world.pass(Duration::from_hours(25));
    let again = create().await;
    assert_eq!(again.status, 201, "{again:?}");
    assert_ne!(again.json()["secret"], first["secret"]);
}

#[tokio::test]
async fn every_key_of_a_rotation_is_remembered_and_not_the_last_one_alone() {
    let world = World::frozen().await;
    let id = world.endpoint(&json!({ "url": world.receiver.url() })).await;
    for (path, secret) in [
        (format!("/v1/endpoints/{id}/rotate-secret"), format!("/v1/endpoints/{id}/secret")),
        ("/v1/webhook-secret/rotate".to_owned(), "/v1/webhook-secret".to_owned()),
    ] {
        for key in ["k1", "k2", "k1", "k2", "k1"] {
            let key = [("idempotency-key", key)];
            let answer = world.client.post_with(&path, &key, "{}").await;
            assert_eq!(answer.status, 200, "{answer:?}");
        }
        let shown = world.client.get(&secret).await.json();
        assert_eq!(shown["previous"].as_array().unwrap().len(), 2, "{path}: {shown}");
        world.pass(Duration::from_hours(24));
        let again = world.client.post_with(&path, &[("idempotency-key", "k1")], "{}").await;
        assert_eq!(again.status, 200, "{again:?}");
        assert_ne!(again.json()["secret"], shown["secret"], "the key is forgotten");
    }
}

#[tokio::test]
async fn a_late_copy_does_not_create_a_deleted_endpoint_again() {
    let world = World::frozen().await;
    let body = json!({ "url": world.receiver.url(), "events": ["job.failed"] }).to_string();
    let create =
        || world.client.post_with("/v1/endpoints", &[("idempotency-key", "one")], body.clone());
    let first = create().await.json();
    let path = format!("/v1/endpoints/{}", first["id"].as_str().unwrap());
    assert_eq!(world.client.delete(&path).await.status, 204);
    let copy = create().await;
    assert_eq!((copy.status, copy.json()), (201, first.clone()));
    assert_eq!(world.client.get(&path).await.status, 404);
    let list = world.client.get("/v1/endpoints").await.json();
    assert_eq!(list["data"], json!([]));
    world.pass(Duration::from_hours(24));
    let new = create().await.json();
    assert_ne!(new["id"], first["id"]);
    assert_ne!(new["secret"], first["secret"]);
}
