//! Receivers that misbehave, each in its way: what becomes of its webhooks is what the guide
//! for receivers says.

use std::time::Duration;

use domain::delivery::{AnswerContent, Delivery, DeliveryStatus, DiscardReason};
use domain::webhook::Receiver;
use domain::{EventType, MessageId, Timestamp};
use serde_json::json;
use tests::{OddReceiver, Oddity, World};

const EVENT: EventType = EventType::JobCompleted;

/// Sends one webhook to an endpoint at `url` that is attempted three times, and waits for its end.
async fn fate(world: &World, url: &str, nth: usize) -> Delivery {
    let settings = json!({ "url": url, "retry_schedule_seconds": [1, 1] });
    let receiver = Receiver::Endpoint(world.endpoint(&settings).await);
    let webhook = world.webhook(EVENT, nth, &receiver);
    let id = webhook.id.clone();
    world.post([webhook]).await;
    world.run_out().await;
    world.delivery(&id).await.expect("it is recorded")
}

fn status_codes(delivery: &Delivery) -> Vec<Option<u16>> {
    delivery.attempts.iter().map(|attempt| attempt.status_code).collect()
}

#[tokio::test]
async fn one_that_answers_500_is_tried_by_the_schedule_and_then_given_up() {
    let world = World::new().await;
    world.receiver.answer(|_, _| 500);
    let delivery = fate(&world, &world.receiver.url(), 1).await;
    assert_eq!(delivery.status, DeliveryStatus::Exhausted);
    assert_eq!(status_codes(&delivery), [Some(500); 3]);
    let connected = delivery.attempts[0].remote_address.map(|address| address.to_string());
    assert!(world.receiver.url().contains(&connected.unwrap()));

    let shown = world.client.get(&format!("/v1/deliveries/{}", delivery.webhook.id)).await.json();
    assert_eq!((&shown["status"], &shown["attempts_made"]), (&json!("exhausted"), &json!(3)));
    assert_eq!(shown["attempts"][2]["status_code"], 500);
}

#[tokio::test]
async fn one_that_asks_for_time_gets_it_within_bounds() {
    let world = World::new().await;
    let asks = [("60", 60), ("1", 1), ("86400", 3600), ("soon", 1)];
    for (nth, (asked, seconds)) in asks.into_iter().enumerate() {
        world.receiver.answer(|_, before| if before == 0 { 429 } else { 200 });
        world.receiver.answer_header("retry-after", asked);
        let delivery = fate(&world, &world.receiver.url(), nth).await;
        assert_eq!(status_codes(&delivery), [Some(429), Some(200)], "{asked}");
        let waited = delivery.attempts[1].at.since(delivery.attempts[0].at).as_secs();
        assert!((seconds..seconds + 3).contains(&waited), "{asked}: {waited} s");
    }
}

#[tokio::test]
async fn one_that_names_a_date_gets_that_time() {
    let world = World::new().await;
    world.receiver.answer(|_, before| if before == 0 { 503 } else { 200 });
    // The clock of the tests starts at midnight.
    world.receiver.answer_header("retry-after", "Thu, 01 Jan 2026 00:05:00 GMT");
    let delivery = fate(&world, &world.receiver.url(), 1).await;
    let waited = delivery.attempts[1].at.since(delivery.attempts[0].at).as_secs();
    assert!((299..303).contains(&waited), "{waited} s");
}

#[tokio::test]
async fn one_that_redirects_is_not_followed() {
    let world = World::new().await;
    let elsewhere = tests::Receiver::start(world.clock.clone()).await;
    world.receiver.answer(|_, _| 301);
    world.receiver.answer_header("location", &elsewhere.url());
    let delivery = fate(&world, &world.receiver.url(), 1).await;
    assert_eq!(delivery.status, DeliveryStatus::Exhausted);
    assert_eq!(status_codes(&delivery), [Some(301); 3]);
    assert!(elsewhere.webhooks().is_empty());
}

#[tokio::test]
async fn an_endpoint_that_answers_410_is_disabled_and_gets_nothing_more() {
    let world = World::new().await;
    let other = tests::Receiver::start(world.clock.clone()).await;
    world.endpoint(&json!({ "url": other.url(), "events": ["endpoint.disabled"] })).await;
    world.receiver.answer(|_, _| 410);
    let endpoint = world.endpoint(&json!({ "url": world.receiver.url() })).await;
    let receiver = Receiver::Endpoint(endpoint.clone());
    let ids = [1, 2].map(|nth| world.webhook(EVENT, nth, &receiver).id);
    for nth in [1, 2] {
        world.post([world.webhook(EVENT, nth, &receiver)]).await;
        world.run_out().await;
    }
    assert_eq!(world.receiver.webhooks().len(), 1);
    let first = world.delivery(&ids[0]).await.unwrap();
    assert_eq!((first.status, first.attempts_made), (DeliveryStatus::Exhausted, 1));
    let second = world.delivery(&ids[1]).await.unwrap();
    assert_eq!(second.status, DeliveryStatus::Discarded);
    assert_eq!(second.reason, Some(DiscardReason::EndpointDisabled));
    let shown = world.client.get(&format!("/v1/endpoints/{endpoint}")).await.json();
    assert_eq!((&shown["status"], &shown["disabled_reason"]), (&json!("disabled"), &json!("gone")));
    let [event] = &other.webhooks()[..] else { panic!("the owner gets one event") };
    assert_eq!(event.json()["type"], "endpoint.disabled");
    assert_eq!(event.json()["data"]["id"], json!(endpoint));
}

#[tokio::test]
async fn an_endpoint_that_was_deleted_gets_nothing() {
    let world = World::new().await;
    let endpoint = world.endpoint(&json!({ "url": world.receiver.url() })).await;
    let webhook = world.webhook(EVENT, 1, &Receiver::Endpoint(endpoint.clone()));
    let id: MessageId = webhook.id.clone();
    assert_eq!(world.client.delete(&format!("/v1/endpoints/{endpoint}")).await.status, 204);
    world.post([webhook]).await;
    world.run_out().await;
    let delivery = world.delivery(&id).await.unwrap();
    assert_eq!(delivery.reason, Some(DiscardReason::EndpointDeleted));
    assert!(world.receiver.webhooks().is_empty() && delivery.attempts.is_empty());
}

/// An answer that breaks off before its status is in counts as none; after it, the receiver has
/// acknowledged the webhook.
#[tokio::test]
async fn an_answer_that_breaks_off_is_retried_only_before_its_status() {
    let world = World::new().await;
    let headers = OddReceiver::start(Oddity::ClosesInHeaders, 1).await;
    let delivery = fate(&world, &headers.url(), 1).await;
    assert_eq!(status_codes(&delivery), [None, Some(204)]);
    let closed = "the connection was closed before the answer was complete";
    assert_eq!(delivery.attempts[0].error.as_deref(), Some(closed));

    let body = OddReceiver::start(Oddity::ClosesInBody, 1).await;
    let delivery = fate(&world, &body.url(), 2).await;
    assert_eq!(status_codes(&delivery), [Some(200)]);
    let answer = delivery.attempts[0].answer.clone().unwrap();
    assert_eq!((answer.content, answer.truncated), (AnswerContent::Text("hal".into()), true));
}

#[tokio::test]
async fn of_ten_megabytes_sixteen_kibibytes_are_kept() {
    let world = World::new().await;
    let receiver = OddReceiver::start(Oddity::TenMegabytes, 1).await;
    let delivery = fate(&world, &receiver.url(), 1).await;
    assert_eq!(status_codes(&delivery), [Some(200)]);
    let answer = delivery.attempts[0].answer.clone().unwrap();
    assert_eq!(answer.content, AnswerContent::Text("x".repeat(16 * 1024)));
    assert!(answer.truncated);
}

/// The one test here that waits: the timeout of `deliver`, 15 s, is real.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_at_one_that_hangs_or_dribbles_ends_after_fifteen_seconds() {
    let world = World::new().await;
    let oddities = [Oddity::Hangs, Oddity::OneByteASecond];
    let mut receivers = Vec::new();
    let mut ids = Vec::new();
    for (nth, oddity) in oddities.into_iter().enumerate() {
        let receiver = OddReceiver::start(oddity, 1).await;
        let settings = json!({ "url": receiver.url(), "retry_schedule_seconds": [1, 1] });
        let endpoint = Receiver::Endpoint(world.endpoint(&settings).await);
        let webhook = world.webhook(EVENT, nth, &endpoint);
        ids.push(webhook.id.clone());
        world.post([webhook]).await;
        receivers.push(receiver);
    }
    world.run_out().await;
    for (id, oddity) in ids.iter().zip(oddities) {
        let delivery = world.delivery(id).await.unwrap();
        assert_eq!(status_codes(&delivery), [None, Some(204)], "{oddity:?}");
        let first = &delivery.attempts[0];
        assert_eq!(first.error.as_deref(), Some("no answer in time"), "{oddity:?}");
        assert!((15_000..20_000).contains(&first.latency_ms), "{oddity:?}: {}", first.latency_ms);
    }
}

#[tokio::test]
async fn progress_is_exhausted_after_three_attempts_and_a_test_event_after_one() {
    let world = World::new().await;
    world.receiver.answer(|_, _| 500);
    let receiver =
        Receiver::Endpoint(world.endpoint(&json!({ "url": world.receiver.url() })).await);
    let start: Timestamp = world.clock.now();
    for (event, attempts) in [(EventType::JobProgress, 3), (EventType::EndpointTest, 1)] {
        let webhook = world.webhook(event, 1, &receiver);
        let id = webhook.id.clone();
        world.post([webhook]).await;
        world.run_out().await;
        let delivery = world.delivery(&id).await.unwrap();
        assert_eq!(
            (delivery.status, delivery.attempts_made),
            (DeliveryStatus::Exhausted, attempts)
        );
    }
    assert!(world.clock.now().since(start) < Duration::from_secs(10));
}
