//! `Idempotency-Key`: the same request sent again takes effect once.

use std::time::Duration;

use domain::{JobId, OwnerId, Scope};
use serde_json::{Value, json};
use tests::world::Plan;
use tests::{Answer, Client, World};

const CREATE: &str = "/v1/tts/async";

async fn create(client: &Client, key: &str, text: &str) -> Answer {
    let body = json!({ "text": text, "language": "oromo", "metadata": { "order": 7 } });
    client.post_with(CREATE, &[("idempotency-key", key)], body.to_string()).await
}

async fn created(client: &Client, key: &str, text: &str) -> Value {
    let answer = create(client, key, text).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    answer.json()
}

#[tokio::test]
async fn the_same_request_gives_the_first_answer_again() {
    let world = World::new().await;
    for text in ["Akkam jirta?".to_owned(), "Nagaa jirtaa. ".repeat(50)] {
        let key = format!("order {}", text.len());
        let first = created(&world.client, &key, &text).await;
        world.quiet().await;
        assert_eq!(created(&world.client, &key, &text).await, first);
        world.quiet().await;
    }
    assert_eq!(world.provider.runs().len(), 2, "each text was dispatched once");
}

#[tokio::test]
async fn nobody_else_computes_the_id_of_a_key() {
    let id = async |signing_key: &str| {
        let environment = vec![("SIGNING_KEY", signing_key.to_owned())];
        let world = World::start(Plan { environment, ..Plan::default() }).await;
        created(&world.client, "order 7", "Akkam jirta?").await["job_id"].clone()
    };
    let ours = id("a-signing-key-of-this-deployment").await;
    assert_eq!(id("a-signing-key-of-this-deployment").await, ours);
    assert_ne!(id("a-signing-key-of-another-deployment").await, ours);
    assert_ne!(JobId::unkeyed(&OwnerId::new("local"), "order 7", 0).as_str(), ours);
}

#[tokio::test]
async fn another_body_is_a_conflict() {
    let world = World::frozen().await;
    created(&world.client, "order 7", "Akkam jirta?").await;
    for text in ["Akkam jirtu?".to_owned(), "Nagaa jirtaa. ".repeat(50)] {
        let answer = create(&world.client, "order 7", &text).await;
        assert_eq!(answer.status, 409, "{answer:?}");
        assert_eq!(answer.json()["code"], "idempotency_key_reused");
    }
}

#[tokio::test]
async fn a_key_counts_for_24_hours() {
    let world = World::frozen().await;
    let first = created(&world.client, "order 7", "Akkam jirta?").await;
    world.pass(Duration::from_hours(24) - Duration::from_millis(1));
    assert_eq!(created(&world.client, "order 7", "Akkam jirta?").await, first);
    world.pass(Duration::from_millis(1));
    let second = created(&world.client, "order 7", "Nagaa jirta?").await;
    assert_ne!(second["job_id"], first["job_id"]);
    assert_eq!(created(&world.client, "order 7", "Nagaa jirta?").await, second);
    assert_eq!(create(&world.client, "order 7", "Akkam jirta?").await.status, 409);
}

#[tokio::test]
async fn owners_keys_are_apart_and_so_are_requests_without() {
    let world = World::frozen().await;
    let other = world.client_of("somebody-else", &Scope::ALL).await;
    let ours = created(&world.client, "order 7", "Akkam jirta?").await;
    let theirs = created(&other, "order 7", "Nagaa jirta?").await;
    assert_ne!(ours["job_id"], theirs["job_id"]);
    let first = world.client.speak("Akkam jirta?", "https://example.com/hook").await;
    let second = world.client.speak("Akkam jirta?", "https://example.com/hook").await;
    assert_ne!(first, second);
}
