//! A fault at every AWS call of `deliver`, before its effect and after it with the answer lost,
//! on every retry of the SDK: each webhook ends as it does without, under one id.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use domain::delivery::DeliveryStatus;
use domain::webhook::Receiver;
use domain::{EndpointId, EventType, MessageId};
use futures::{FutureExt, StreamExt, stream};
use hookreel_local::aws::{Call, Fault};
use serde_json::json;
use tests::World;
use tests::sent::Sent;

use crate::functions::permissions;

/// How many cases run at one time.
const AT_ONCE: usize = 6;
/// Failures in a row that open a circuit.
const FAILURE_THRESHOLD: usize = 10;
const FUNCTION: &str = "deliver";

/// What a webhook goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Story {
    /// It fails twice and then arrives.
    Retried,
    /// Many fail until the circuit opens, and arrive after a probe.
    Probed,
    /// Three share a limit of one a second.
    Limited,
    /// The receiver answers 410, and the endpoint is disabled.
    Gone,
    /// It waits for longer than a queue delays.
    Hops,
}

/// One call of a story: the `nth` one to that operation, from 0.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    operation: String,
    nth: usize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retried_webhook_survives_a_fault_at_every_call() {
    survives(Story::Retried, 9).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_probe_survives_a_fault_at_every_call() {
    survives(Story::Probed, 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_limit_survives_a_fault_at_every_call() {
    survives(Story::Limited, 10).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_answers_410_is_disabled_whatever_fails() {
    survives(Story::Gone, 4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_wait_survives_a_fault_at_every_call() {
    survives(Story::Hops, 6).await;
}

/// Runs the story without a fault, and then once for each of its calls and each fault.
async fn survives(story: Story, least: usize) {
    let places = places(story).await;
    assert!(places.len() >= least, "{story:?} makes only these calls: {places:?}");
    let cases = places.iter().flat_map(|place| {
        [Fault::BeforeEffect, Fault::AfterEffect].map(|fault| (place.clone(), fault))
    });
    let cases: Vec<_> = cases.collect();
    let failed: Vec<_> = stream::iter(cases.clone())
        .map(|(place, fault)| tokio::spawn(outcome(story, place, fault)))
        .buffer_unordered(AT_ONCE)
        .filter_map(async |outcome| outcome.unwrap().err())
        .collect()
        .await;
    println!("{story:?}: {} calls, {} cases, {} failed", places.len(), cases.len(), failed.len());
    assert!(failed.is_empty(), "{} of {} cases failed: {failed:#?}", failed.len(), cases.len());
}

/// The calls that the story makes when nothing fails.
pub async fn calls(story: Story) -> Sent {
    let world = World::new().await;
    Sent::begin(&world);
    run(story, &world).await;
    Sent::so_far(&world)
}

async fn places(story: Story) -> Vec<Place> {
    let sent = calls(story).await;
    permissions::assert_allowed(&sent);
    let mut places: Vec<Place> = Vec::new();
    for record in sent.by(FUNCTION).records() {
        if record.call.attempt == 1 {
            let operation = record.call.operation.clone();
            let nth = places.iter().filter(|place| place.operation == operation).count();
            places.push(Place { operation, nth });
        }
    }
    // What comes before the circuit opens, the plain story covers.
    let ordinary = if story == Story::Probed { FAILURE_THRESHOLD - 1 } else { 0 };
    places.retain(|place| place.nth >= ordinary);
    places
}

/// Runs one case; a panic in it becomes a line that names it.
async fn outcome(story: Story, place: Place, fault: Fault) -> Result<(), String> {
    let case = format!("{story:?} {place:?} {fault:?}");
    let run = async {
        let world = World::new().await;
        let hits = inject(&world, &place, fault);
        run(story, &world).await;
        // With several under way at a time, their order may make a call too many or too few.
        let certain = !matches!(story, Story::Probed | Story::Limited);
        assert!(!certain || hits.load(Ordering::SeqCst) > 0, "the call was not made");
    };
    std::panic::AssertUnwindSafe(run).catch_unwind().await.map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        format!("{case}: {}", text.unwrap_or_else(|| "see above".to_owned()))
    })
}

/// Makes one call fail on every retry; counts the failures.
fn inject(world: &World, place: &Place, fault: Fault) -> Arc<AtomicUsize> {
    let hits = Arc::new(AtomicUsize::new(0));
    let (counted, place) = (Arc::clone(&hits), place.clone());
    let seen = Mutex::new(Vec::new());
    let rule = move |call: &Call| {
        if &*call.caller != FUNCTION || call.operation != place.operation {
            return None;
        }
        let mut seen = seen.lock().unwrap();
        if !seen.contains(&call.invocation) {
            seen.push(call.invocation);
        }
        let nth = seen.iter().position(|invocation| *invocation == call.invocation);
        (nth == Some(place.nth)).then(|| {
            counted.fetch_add(1, Ordering::SeqCst);
            fault
        })
    };
    world.cloud.aws().calls().inject(Arc::new(rule));
    hits
}

async fn run(story: Story, world: &World) {
    match story {
        Story::Retried => {
            world.receiver.answer(|_, before| if before < 2 { 500 } else { 204 });
            let endpoint = world.endpoint(&json!({ "url": world.receiver.url() })).await;
            send(world, 1, &Receiver::Endpoint(endpoint)).await;
            end(world, 1, DeliveryStatus::Delivered).await;
        }
        Story::Probed => {
            world.receiver.answer(|_, _| 500);
            let receiver = Receiver::Url(world.receiver.url());
            send(world, 11, &receiver).await;
            let later = world.clock.now() + std::time::Duration::from_secs(20);
            world.run_until("the circuit is open", async || world.clock.now() >= later).await;
            world.receiver.answer(|_, _| 204);
            world.run_out().await;
            end(world, 11, DeliveryStatus::Delivered).await;
        }
        Story::Limited => {
            let settings = json!({ "url": world.receiver.url(), "rate_limit_per_second": 1 });
            let endpoint = world.endpoint(&settings).await;
            send(world, 3, &Receiver::Endpoint(endpoint)).await;
            end(world, 3, DeliveryStatus::Delivered).await;
        }
        Story::Gone => {
            world.receiver.answer(|_, _| 410);
            let endpoint = world.endpoint(&json!({ "url": world.receiver.url() })).await;
            send(world, 1, &Receiver::Endpoint(endpoint.clone())).await;
            end(world, 1, DeliveryStatus::Exhausted).await;
            assert_eq!(reason(world, &endpoint).await, json!("gone"));
        }
        Story::Hops => {
            world.receiver.answer(|_, before| if before == 0 { 500 } else { 204 });
            let settings = json!({ "url": world.receiver.url(), "retry_schedule_seconds": [1500] });
            let endpoint = world.endpoint(&settings).await;
            send(world, 1, &Receiver::Endpoint(endpoint)).await;
            end(world, 1, DeliveryStatus::Delivered).await;
        }
    }
}

/// Sends that many webhooks, one of which at a time is begun, so that calls have an order.
async fn send(world: &World, count: usize, receiver: &Receiver) {
    for nth in 0..count {
        world.post([world.webhook(EventType::JobCompleted, nth, receiver)]).await;
        world.quiet().await;
    }
    if world.receiver.webhooks().iter().all(|webhook| webhook.answered != 500) || count == 1 {
        world.run_out().await;
    }
}

/// Every webhook stands so, and the receiver has seen each under its one id.
async fn end(world: &World, count: usize, status: DeliveryStatus) {
    let deliveries = world.all("/v1/deliveries?limit=100").await;
    assert_eq!(deliveries.len(), count);
    let mut ids = BTreeSet::new();
    for delivery in &deliveries {
        assert_eq!(delivery["status"], json!(status), "{delivery}");
        ids.insert(delivery["id"].as_str().unwrap().to_owned());
    }
    let seen: BTreeSet<_> =
        world.receiver.webhooks().iter().map(|webhook| webhook.id().to_owned()).collect();
    assert_eq!(seen, ids);
    for id in ids {
        let id: MessageId = id.parse().unwrap();
        let delivery = world.delivery(&id).await.unwrap();
        let made = usize::try_from(delivery.attempts_made).unwrap();
        assert_eq!(delivery.attempts.len(), made, "each attempt is recorded once");
    }
}

async fn reason(world: &World, endpoint: &EndpointId) -> serde_json::Value {
    let shown = world.client.get(&format!("/v1/endpoints/{endpoint}")).await.json();
    shown["disabled_reason"].clone()
}
