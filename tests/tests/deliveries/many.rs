//! Ten thousand webhooks to a receiver that fails three times in ten: none is lost, none comes
//! under two ids, and those that are exhausted are seen and can be replayed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use domain::EventType;
use domain::webhook::Receiver;
use serde_json::json;
use tests::World;
use tests::world::START;

const WEBHOOKS: usize = 10_000;
const FAILING_PERCENT: u64 = 30;

/// One step of `SplitMix64`: the same numbers at every run.
fn mixed(number: u64) -> u64 {
    let z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_webhooks_to_a_receiver_that_fails_at_random() {
    let world = World::new().await;
    let mut dice = 0;
    world.receiver.answer(move |_, _| {
        dice += 1;
        if mixed(dice) % 100 < FAILING_PERCENT { 500 } else { 204 }
    });
    // Three attempts each, so that about 270 are exhausted.
    let settings = json!({ "url": world.receiver.url(), "retry_schedule_seconds": [1, 2] });
    let endpoint = world.endpoint(&settings).await;
    let receiver = Receiver::Endpoint(endpoint.clone());
    let webhooks: Vec<_> =
        (0..WEBHOOKS).map(|nth| world.webhook(EventType::JobStarted, nth, &receiver)).collect();
    let started = Instant::now();
    world.post(webhooks).await;
    world.run_out().await;

    let attempts = world.receiver.webhooks().len();
    let arrived = arrived(&world);
    let exhausted = world.all(&list(&endpoint, "exhausted")).await;
    println!(
        "{WEBHOOKS} webhooks, {attempts} attempts: {} arrived, {} exhausted; {:.1} s",
        arrived.len(),
        exhausted.len(),
        started.elapsed().as_secs_f64()
    );
    assert_eq!(arrived.len() + exhausted.len(), WEBHOOKS, "none is lost");
    assert!((150..400).contains(&exhausted.len()));
    for delivery in &exhausted {
        assert_eq!(delivery["attempts_made"], 3, "the circuit was open for too long: {delivery}");
    }
    assert_eq!(world.all(&list(&endpoint, "delivered")).await.len(), arrived.len());

    world.receiver.answer(|_, _| 204);
    assert_eq!(recover(&world, &endpoint, true).await, exhausted.len());
    assert_eq!(recover(&world, &endpoint, false).await, exhausted.len());
    world.run_out().await;
    assert_eq!(self::arrived(&world).len(), WEBHOOKS, "each has arrived in the end");
    assert!(world.all(&list(&endpoint, "exhausted")).await.is_empty());
    one_id_each(&world);
}

fn list(endpoint: &domain::EndpointId, status: &str) -> String {
    format!("/v1/deliveries?limit=100&endpoint={endpoint}&status={status}")
}

/// What the endpoint has missed since the start: counted, or sent again too.
async fn recover(world: &World, endpoint: &domain::EndpointId, dry_run: bool) -> usize {
    let mut count = 0;
    let mut cursor = json!(null);
    loop {
        let body = json!({ "since": START.to_string(), "dry_run": dry_run, "cursor": cursor });
        let answer = world.client.post(&format!("/v1/endpoints/{endpoint}/recover"), &body).await;
        let answer = answer.json();
        count += usize::try_from(answer["count"].as_u64().unwrap()).unwrap();
        cursor = answer["next_cursor"].clone();
        if cursor.is_null() {
            return count;
        }
    }
}

/// The jobs of the webhooks that were taken.
fn arrived(world: &World) -> BTreeSet<String> {
    let taken = world.receiver.webhooks().into_iter().filter(|webhook| webhook.answered == 204);
    taken.map(|webhook| webhook.json()["job_id"].as_str().unwrap().to_owned()).collect()
}

fn one_id_each(world: &World) {
    let mut ids = BTreeMap::<String, BTreeSet<String>>::new();
    for webhook in world.receiver.webhooks() {
        let job = webhook.json()["job_id"].as_str().unwrap().to_owned();
        ids.entry(job).or_default().insert(webhook.id().to_owned());
    }
    assert!(ids.values().all(|ids| ids.len() == 1), "one comes under several ids");
}
