//! Tickets: for one connection, for a minute, for their topics.

use std::time::Duration;

use domain::{Scope, limits};
use futures::future::join_all;
use serde_json::{Value, json};
use tests::{Answer, World, seed_live};

const TICKETS: &str = "/v1/live/tickets";

async fn ticket(world: &World, topics: Value) -> String {
    let answer = world.client.post(TICKETS, &json!({ "topics": topics })).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()["ticket"].as_str().unwrap().to_owned()
}

/// The status with which the handshake of the connection `id` is answered.
async fn connect(world: &World, id: &str, headers: Value, query: Value) -> u64 {
    let event = json!({
        "headers": headers,
        "queryStringParameters": query,
        "requestContext": { "routeKey": "$connect", "connectionId": id, "requestId": "1" },
    });
    world.cloud.invoke("live", event).await.unwrap()["statusCode"].as_u64().unwrap()
}

async fn connect_with(world: &World, id: &str, ticket: &str) -> u64 {
    connect(world, id, json!({}), json!({ "ticket": ticket })).await
}

fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, &answer.json()["code"]), (status, &json!(code)), "{answer:?}");
}

#[tokio::test]
async fn a_ticket_opens_one_connection_however_many_try_at_once() {
    let world = World::frozen().await;
    let ticket = ticket(&world, json!(["owner"])).await;
    let ids: Vec<_> = (0..20).map(|number| format!("connection{number}")).collect();
    let tries = ids.iter().map(|id| connect_with(&world, id, &ticket));
    let mut answers = join_all(tries).await;
    answers.sort_unstable();
    assert_eq!(answers[0], 200);
    assert!(answers[1..].iter().all(|status| *status == 401), "{answers:?}");
    let mut saved = 0;
    for id in &ids {
        let id = seed_live::connection_id(id);
        saved += usize::from(world.store().connection(&id).await.unwrap().is_some());
    }
    assert_eq!(saved, 1);
}

#[tokio::test]
async fn a_ticket_is_valid_for_a_minute() {
    let world = World::frozen().await;
    let (early, late) =
        (ticket(&world, json!(["owner"])).await, ticket(&world, json!(["owner"])).await);
    world.pass(limits::TICKET_LIFE.saturating_sub(Duration::from_millis(1)));
    assert_eq!(connect_with(&world, "early", &early).await, 200);
    world.pass(Duration::from_millis(1));
    assert_eq!(connect_with(&world, "late", &late).await, 401);
}

#[tokio::test]
async fn a_connection_needs_a_key_that_may_read_or_a_ticket() {
    let world = World::frozen().await;
    let bearer = |key: &str| json!({ "Authorization": format!("Bearer {key}") });
    assert_eq!(connect(&world, "key", bearer(tests::world::API_KEY), Value::Null).await, 200);
    assert_eq!(connect(&world, "wrong", bearer("hr_wrong"), Value::Null).await, 401);
    assert_eq!(connect(&world, "none", json!({}), Value::Null).await, 401);
    assert_eq!(connect_with(&world, "unknown", "x").await, 401);
    let id = seed_live::connection_id("key");
    let connection = world.store().connection(&id).await.unwrap().unwrap();
    assert_eq!(connection.owner.as_str(), "local");
    assert_eq!(connection.expires_at, Some(world.clock.now() + limits::CONNECTION_LIFE));
    for id in ["wrong", "none", "unknown"] {
        assert!(world.store().connection(&seed_live::connection_id(id)).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_ticket_is_for_topics_of_its_owner() {
    let world = World::frozen().await;
    let id = world.client.speak("Akkam jirta?", "https://example.com/hook").await;
    let topics = json!({ "topics": [format!("job:{id}")] });
    let foreign = world.client_of("somebody-else", &[Scope::JobsRead]).await;
    refused(&foreign.post(TICKETS, &topics).await, 404, "not_found");
    let weak = world.client_of("local", &[Scope::JobsWrite]).await;
    refused(&weak.post(TICKETS, &topics).await, 403, "forbidden");
    refused(&world.client.with_key(None).post(TICKETS, &topics).await, 401, "unauthorized");
    let answer = world.client.post(TICKETS, &topics).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.json()["topics"], topics["topics"]);
    let (ticket, url) = (answer.json()["ticket"].clone(), answer.json()["url"].clone());
    assert!(url.as_str().unwrap().ends_with(&format!("?ticket={}", ticket.as_str().unwrap())));
}

#[tokio::test]
async fn a_ticket_names_topics_that_can_be_read() {
    let world = World::frozen().await;
    let many: Vec<_> = (0..=limits::TOPICS).map(|number| format!("job:job_{number}")).collect();
    for (topics, field) in [
        (json!(["owner", "jobs"]), "topics[1]"),
        (json!([]), "topics"),
        (json!(many), "topics"),
        (json!("owner"), "topics"),
        (json!([7]), "topics"),
    ] {
        let answer = world.client.post(TICKETS, &json!({ "topics": topics })).await;
        refused(&answer, 422, "invalid_field");
        assert_eq!(answer.json()["field"], field, "{answer:?}");
    }
    let answer = world.client.post(TICKETS, &json!({ "topic": "owner" })).await;
    refused(&answer, 422, "invalid_field");
    for body in [json!({}), json!({ "topics": null })] {
        let answer = world.client.post(TICKETS, &body).await;
        assert_eq!(answer.json()["topics"], json!(["owner"]), "{answer:?}");
    }
}
