//! The circuit breaker: receivers that fail for long get one probe at a time and are disabled in
//! the end. And rate limits of receivers.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::delivery::{DeliveryStatus, DiscardReason};
use domain::endpoint::DisabledReason;
use domain::webhook::Receiver;
use domain::{EndpointId, EventType, OwnerId, Timestamp};
use serde_json::{Value, json};
use store::CircuitKey;
use tests::World;
use tests::world::START;

const EVENT: EventType = EventType::JobCompleted;
/// Queues count whole seconds.
const ROUNDING: Duration = Duration::from_secs(2);

fn seconds(world: &World) -> Vec<u64> {
    world.receiver.webhooks().iter().map(|webhook| webhook.at.since(START).as_secs()).collect()
}

#[tokio::test]
async fn a_receiver_that_is_down_opens_its_circuit_and_is_probed() {
    let world = World::new().await;
    world.receiver.answer(|_, _| 500);
    let receiver = Receiver::Url(world.receiver.url());
    world.post((0..40).map(|nth| world.webhook(EVENT, nth, &receiver))).await;
    let five_minutes = START + Duration::from_mins(5);
    world.run_until("five minutes", async || world.clock.now() >= five_minutes).await;

    let times = seconds(&world);
    let at_first = times.iter().filter(|time| **time < 3).count();
    assert!((10..=60).contains(&at_first), "{times:?}");
    let later: Vec<_> = times.iter().filter(|time| **time >= 3).collect();
    // Open for 30 s, 1 min, 2 min, each up to a fifth shorter or longer, and a probe after each.
    assert!((2..=4).contains(&later.len()), "{later:?}");
    assert!(*later[0] >= 24 && *later[1] >= later[0] + 48, "{later:?}");

    let with = async |status| world.all(&format!("/v1/deliveries?limit=100&status={status}")).await;
    let pending = with("pending").await;
    assert_eq!(with("retrying").await.len() + pending.len(), 40, "each is seen waiting");
    assert_eq!(with("planned").await, pending, "one status under two names");

    world.receiver.answer(|_, _| 204);
    world.run_out().await;
    let arrived = world.receiver.webhooks().into_iter().filter(|one| one.answered == 204);
    let arrived: Vec<_> = arrived.map(|one| one.id().to_owned()).collect();
    assert_eq!((arrived.len(), arrived.iter().collect::<BTreeSet<_>>().len()), (40, 40));
    assert_eq!(world.all("/v1/deliveries?limit=100&status=delivered").await.len(), 40);
}

#[tokio::test]
async fn what_waits_for_an_open_circuit_is_exhausted_in_the_end() {
    let world = World::new().await;
    world.receiver.answer(|_, _| 500);
    let endpoint = json!({ "url": world.receiver.url(), "retry_schedule_seconds": [1] });
    let receiver = Receiver::Endpoint(world.endpoint(&endpoint).await);
    world.post((0..60).map(|nth| world.webhook(EVENT, nth, &receiver))).await;
    world.run_out().await;
    assert_eq!(world.all("/v1/deliveries?limit=100&status=exhausted").await.len(), 60);
    let waited = world.clock.now().since(START);
    assert!(waited < Duration::from_hours(1), "{waited:?}");
}

/// One webhook a day, none of which arrives.
#[tokio::test]
async fn an_endpoint_that_fails_for_five_days_is_disabled_with_an_event() {
    let world = World::new().await;
    let other = tests::Receiver::start(world.clock.clone()).await;
    world.endpoint(&json!({ "url": other.url(), "events": ["endpoint.disabled"] })).await;
    world.receiver.answer(|_, _| 500);
    let endpoint = world.endpoint(&json!({ "url": world.receiver.url() })).await;
    let receiver = Receiver::Endpoint(endpoint.clone());
    let shown = async || world.client.get(&format!("/v1/endpoints/{endpoint}")).await.json();
    let mut disabled: Value = shown().await;
    for day in 0..7 {
        world.post([world.webhook(EVENT, day, &receiver)]).await;
        let next = START + Duration::from_hours(24 * (day as u64 + 1));
        world
            .run_until("a day", async || {
                world.clock.now() >= next || world.cloud.next_due().is_none()
            })
            .await;
        world.pass(next.since(world.clock.now()));
        disabled = shown().await;
        if disabled["status"] == "disabled" {
            break;
        }
    }
    assert_eq!(disabled["disabled_reason"], "failing", "{disabled}");
    let at: Timestamp = disabled["disabled_at"].as_str().unwrap().parse().unwrap();
    let after = at.since(START);
    let days = |days: u64| Duration::from_hours(24 * days);
    assert!(after >= days(5) && after < days(6), "{after:?}");
    let events: Vec<_> = other.webhooks().iter().map(|one| one.json()["type"].clone()).collect();
    assert_eq!(events, ["endpoint.disabled"]);

    let late = world.webhook(EVENT, 99, &receiver);
    let id = late.id.clone();
    world.post([late]).await;
    world.run_out().await;
    let late = world.delivery(&id).await.unwrap();
    assert_eq!(late.status, DeliveryStatus::Discarded);
    assert_eq!(late.reason, Some(DiscardReason::EndpointDisabled));
}

#[tokio::test]
async fn a_rate_limit_delays_and_drops_nothing() {
    const RATE: usize = 5;
    const COUNT: usize = 60;
    let world = World::new().await;
    let endpoint = json!({ "url": world.receiver.url(), "rate_limit_per_second": RATE });
    let receiver = Receiver::Endpoint(world.endpoint(&endpoint).await);
    world.post((0..COUNT).map(|nth| world.webhook(EVENT, nth, &receiver))).await;
    world.run_out().await;

    let times: Vec<_> = world.receiver.webhooks().iter().map(|webhook| webhook.at).collect();
    assert_eq!(times.len(), COUNT);
    for window in times.windows(RATE * 2 + 1) {
        let span = window[RATE * 2].since(window[0]);
        assert!(span >= Duration::from_secs(1), "{} within {span:?}", window.len());
    }
    let whole = world.clock.now().since(START);
    let expected = Duration::from_secs((COUNT / RATE) as u64);
    assert!(whole + ROUNDING >= expected && whole <= expected + ROUNDING, "{whole:?}");
    let sent: u32 = world
        .all("/v1/deliveries?limit=100&status=delivered")
        .await
        .iter()
        .map(|delivery| u32::try_from(delivery["attempts_made"].as_u64().unwrap()).unwrap())
        .sum();
    assert_eq!(sent as usize, COUNT, "waiting for a permit is no attempt");
}

/// All of them are read before the first has failed, so none of them knows of a circuit.
#[tokio::test]
async fn a_burst_of_which_most_succeed_opens_no_circuit() {
    let world = World::new().await;
    let mut count = 0;
    world.receiver.answer(move |_, _| {
        count += 1;
        if count % 4 == 0 { 503 } else { 204 }
    });
    let receiver = Receiver::Url(world.receiver.url());
    world.post((0..200).map(|nth| world.webhook(EVENT, nth, &receiver))).await;
    // An open circuit would hold them back for twice as long.
    let end = START + Duration::from_secs(12);
    world.run_until("12 seconds", async || world.clock.now() >= end).await;
    let arrived = world.receiver.webhooks();
    let ids: BTreeSet<_> = arrived.iter().map(tests::Webhook::id).collect();
    assert_eq!(ids.len(), 200, "some are held back");
    let key = CircuitKey::Destination(&OwnerId::new("local"), &receiver.key());
    let circuit = world.store().circuit(key).await.unwrap();
    assert!(circuit.is_none_or(|circuit| circuit.open_until.is_none()));
}

#[tokio::test]
async fn a_success_that_began_before_the_circuit_opened_does_not_close_it() {
    let world = World::frozen().await;
    let (store, owner) = (world.store(), OwnerId::new("local"));
    let key = CircuitKey::Destination(&owner, "url_1");
    let at = |seconds| START + Duration::from_secs(seconds);
    let is_open = async || store.circuit(key).await.unwrap().is_some();
    let circuit = store.record_failure(key, at(10)).await.unwrap();
    assert!(store.open_circuit(key, &circuit, at(40)).await.unwrap());
    store.close_circuit(key, at(9)).await.unwrap();
    assert!(is_open().await, "it was sent before the failures");
    // A probe while it is open is a test event's.
    assert!(store.claim_probe(key, at(40), at(20), at(50)).await.unwrap());
    assert!(!store.claim_probe(key, at(40), at(21), at(51)).await.unwrap(), "one at a time");
    store.close_circuit(key, at(19)).await.unwrap();
    assert!(is_open().await, "it is not the probe");
    store.close_circuit(key, at(20)).await.unwrap();
    assert!(!is_open().await, "the probe closes it");

    let circuit = store.record_failure(key, at(60)).await.unwrap();
    assert!(store.open_circuit(key, &circuit, at(90)).await.unwrap());
    store.close_circuit(key, at(90)).await.unwrap();
    assert!(!is_open().await, "what begins later closes it too");
}

#[tokio::test]
async fn endpoints_at_one_url_have_one_circuit() {
    const ENDPOINTS: usize = 50;
    let world = World::new().await;
    world.receiver.answer(|_, _| 500);
    let settings = json!({ "url": world.receiver.url(), "retry_schedule_seconds": vec![1; 20] });
    let mut webhooks = Vec::new();
    for nth in 0..ENDPOINTS {
        let receiver = Receiver::Endpoint(world.endpoint(&settings).await);
        webhooks.push(world.webhook(EVENT, nth, &receiver));
    }
    world.post(webhooks).await;
    let end = START + Duration::from_secs(24);
    world.run_until("24 seconds", async || world.clock.now() >= end).await;
    let count = world.receiver.webhooks().len();
    assert!((10..=2 * ENDPOINTS).contains(&count), "{count} requests");

    // Another URL of such an endpoint is none of its business.
    let other = tests::Receiver::start(world.clock.clone()).await;
    let endpoints = world.client.get("/v1/endpoints?limit=1").await.json();
    let moved: EndpointId = endpoints["data"][0]["id"].as_str().unwrap().parse().unwrap();
    let path = format!("/v1/endpoints/{moved}");
    let answer = world.client.patch(&path, &json!({ "url": other.url() })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    world.post([world.webhook(EVENT, 99, &Receiver::Endpoint(moved))]).await;
    world.quiet().await;
    assert_eq!(other.webhooks().len(), 1);
}

#[tokio::test]
async fn a_test_event_passes_an_open_circuit_as_its_probe() {
    let world = World::new().await;
    world.receiver.answer(|_, _| 500);
    let endpoint = world.endpoint(&json!({ "url": world.receiver.url() })).await;
    let receiver = Receiver::Endpoint(endpoint.clone());
    world.post((0..30).map(|nth| world.webhook(EVENT, nth, &receiver))).await;
    world.quiet().await;
    let before = world.receiver.webhooks().len();
    for _ in 0..5 {
        let path = format!("/v1/endpoints/{endpoint}/test");
        assert_eq!(world.client.post(&path, &json!({})).await.status, 202);
    }
    world.quiet().await;
    assert_eq!(world.receiver.webhooks().len(), before + 1, "one at a time");
    // A change of what is enabled already leaves the circuit as it is.
    let path = format!("/v1/endpoints/{endpoint}");
    let body = json!({ "status": "enabled", "url": world.receiver.url() });
    assert_eq!(world.client.patch(&path, &body).await.status, 200);
    world.post([world.webhook(EVENT, 99, &receiver)]).await;
    world.quiet().await;
    assert_eq!(world.receiver.webhooks().len(), before + 1);
    world.receiver.answer(|_, _| 204);
    world.run_out().await;
    assert!(world.all("/v1/deliveries?limit=100&status=retrying").await.is_empty());
}

#[tokio::test]
async fn an_answer_of_the_old_url_does_not_disable_the_endpoint_at_its_new_one() {
    let world = World::frozen().await;
    let endpoint = world.endpoint(&json!({ "url": world.receiver.url() })).await;
    let (store, owner, now) = (world.store(), OwnerId::new("local"), world.clock.now());
    let disable = async |url: &str| {
        store.disable_endpoint(&owner, &endpoint, url, DisabledReason::Gone, now).await.unwrap()
    };
    assert!(!disable("https://old.example/hook").await);
    assert!(disable(&world.receiver.url()).await);
}
