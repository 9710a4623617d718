//! Stored webhooks are sent on: under the same ids, with the same bodies, when they are due.

use domain::Timestamp;
use serde_json::{Value, json};
use signing::standard_webhooks_v1a::{self, PublicKey};
use signing::{Unverified, hex_hmac, standard_webhooks};
use tests::{Client, Webhook, World};

use super::{resumed, sample, stored, text};

/// The client of `owner`, with the key that is stored.
fn client(world: &World, owner: &str) -> Client {
    world.client.with_key(Some(&format!("hr_stored-{owner}")))
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_i64().map(Timestamp::from_millis)
}

#[tokio::test]
async fn stored_webhooks_arrive_under_their_ids() {
    let (world, sample) = (resumed("deliveries").await, sample("deliveries"));
    world.run_out().await;
    let arrived = world.receiver.webhooks();
    let messages: Vec<_> =
        sample.messages().iter().filter(|message| message["to"] == "deliver").collect();
    assert_eq!(arrived.len(), messages.len(), "nothing else is sent");
    for message in messages {
        let message = &message["body"];
        let id = message["id"].as_str().unwrap();
        let webhooks: Vec<_> = arrived.iter().filter(|webhook| webhook.id() == id).collect();
        let [webhook] = &webhooks[..] else { panic!("{id}: not one webhook: {webhooks:?}") };
        assert_eq!(webhook.body, message["body"].as_str().unwrap().as_bytes(), "byte for byte");
        for due in [&message["not_before"], &message["turn_at"]] {
            assert!(time(due).is_none_or(|due| webhook.at >= due), "{message}: {:?}", webhook.at);
        }
        let owner = message["owner"].as_str().unwrap();
        let delivery = client(&world, owner).get(&format!("/v1/deliveries/{id}")).await.json();
        let attempts = message["attempts_made"].as_u64().unwrap() + 1;
        assert_eq!(delivery["status"], "delivered", "{delivery}");
        assert_eq!(delivery["attempts_made"], attempts, "{delivery}");
    }
    let far = arrived.iter().find(|webhook| webhook.path == "/fails/retries").unwrap();
    assert_eq!(far.header("x-tenant"), "acme", "the endpoint's settings are read");
    assert_eq!(world.messages_left(), []);
}

#[tokio::test]
async fn a_stored_circuit_stays_open_until_its_time() {
    let (world, sample) = (resumed("deliveries").await, sample("deliveries"));
    let health = |item: &&Value| item.get("open_until").is_some();
    let health = sample.items().iter().find(health).unwrap();
    let until: i64 = health["open_until"]["N"].as_str().unwrap().parse().unwrap();
    world.run_out().await;
    let arrived = world.receiver.webhooks().into_iter();
    let behind: Vec<_> = arrived.filter(|webhook| webhook.path == "/fails/circuit").collect();
    assert_eq!(behind.len(), 2);
    assert!(behind.iter().all(|webhook| webhook.at >= Timestamp::from_millis(until)), "{behind:?}");
    let key = format!("{} {}", text(health, "PK"), text(health, "SK"));
    assert!(!world.items().await.contains_key(&key), "its failures are forgotten");
}

#[tokio::test]
async fn a_stored_exhausted_delivery_can_be_replayed() {
    let (world, sample) = (resumed("deliveries").await, sample("deliveries"));
    let exhausted =
        |item: &&Value| text(item, "owner") == "exhausted" && text(item, "status") == "exhausted";
    let item = sample.items().iter().find(exhausted).unwrap();
    let path = format!("/v1/deliveries/{}", text(item, "id"));
    let client = client(&world, "exhausted");
    // The key of the replay before: it is not done again.
    let replay = format!("{path}/replay");
    let again = client.post_with(&replay, &[("Idempotency-Key", "again")], "").await;
    assert_eq!(again.json()["status"], "exhausted", "{again:?}");
    let replayed = client.post_with(&replay, &[], "").await;
    assert_eq!(replayed.status, 202, "{replayed:?}");
    world.run_out().await;
    let shown = client.get(&path).await.json();
    let attempts: u64 = item["attempts_made"]["N"].as_str().unwrap().parse().unwrap();
    assert_eq!(
        (&shown["status"], &shown["attempts_made"]),
        (&json!("delivered"), &json!(attempts + 1))
    );
    let arrived = world.receiver.webhooks();
    assert!(arrived.iter().any(|webhook| webhook.id() == text(item, "id")));
}

fn headers(webhook: &Webhook) -> standard_webhooks::Headers<'_> {
    let get = |name| webhook.headers.get(name).and_then(|value| value.to_str().ok());
    standard_webhooks::Headers::find(get).unwrap()
}

/// What the API showed of the secrets at `path` when they were stored.
fn shown(path: &str) -> Value {
    let sample = sample("deliveries");
    let of_path = |answer: &&Value| answer["path"].as_str().unwrap().ends_with(path);
    sample.answers().iter().find(of_path).unwrap()["body"].clone()
}

#[tokio::test]
async fn stored_versions_of_an_endpoints_key_sign() {
    let world = resumed("deliveries").await;
    let endpoints = client(&world, "local").get("/v1/endpoints").await.json();
    let endpoints = endpoints["data"].as_array().unwrap();
    let v1a = endpoints.iter().find(|endpoint| endpoint["signing"] == "v1a").unwrap();
    let path = format!("/v1/endpoints/{}", v1a["id"].as_str().unwrap());
    let answer = client(&world, "local").post(&format!("{path}/test"), &json!({})).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    world.quiet().await;
    let arrived = world.receiver.webhooks();
    let webhook = arrived.iter().find(|webhook| webhook.path == "/all").unwrap();
    let shown = shown(&format!("{path}/secret"));
    for key in [&shown["public_key"], &shown["previous"][0]["public_key"]] {
        let key: PublicKey = key.as_str().unwrap().parse().unwrap();
        let verified =
            standard_webhooks_v1a::verify(&headers(webhook), &[key], webhook.at, &webhook.body);
        assert_eq!(verified, Ok(()));
    }
}

#[tokio::test]
async fn stored_versions_of_an_owners_secret_sign() {
    let world = resumed("deliveries").await;
    let id = client(&world, "local").speak("Akkam?", &world.receiver.url()).await;
    world.quiet().await;
    let answer = client(&world, "local").delete(&format!("/v1/jobs/{id}")).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    world.quiet().await;
    let [webhook] = &world.receiver.about(&id)[..] else { panic!("not one webhook") };
    let shown = shown("/v1/webhook-secret");
    for secret in [&shown["secret"], &shown["previous"][0]["secret"]] {
        let secrets = [domain::Secret::new(secret.as_str().unwrap())];
        let verified =
            standard_webhooks::verify(&headers(webhook), &secrets, webhook.at, &webhook.body);
        assert_eq!(verified, Ok::<(), Unverified>(()));
    }
    let previous = domain::Secret::new(shown["previous"][0]["secret"].as_str().unwrap());
    let signature = webhook.header("x-webhook-signature-previous");
    assert_eq!(hex_hmac::verify(&previous, &webhook.body, signature), Ok(()));
}

#[tokio::test]
async fn stored_deliveries_are_listed_by_status() {
    let world = stored("deliveries").await;
    let sample = sample("deliveries");
    for status in ["planned", "retrying", "delivered", "exhausted", "discarded"] {
        let stored = sample
            .items()
            .iter()
            .filter(|item| text(item, "entity") == "delivery" && text(item, "status") == status);
        let mut found = 0;
        for owner in ["local", "retries", "circuit", "limited", "gone", "exhausted"] {
            let list = client(&world, owner).get(&format!("/v1/deliveries?status={status}")).await;
            found += list.json()["data"].as_array().unwrap().len();
        }
        assert_eq!(found, stored.count(), "{status}");
    }
}
