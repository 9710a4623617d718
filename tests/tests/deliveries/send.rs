//! Webhooks out: each arrives, however the receiver behaves, under one id.

use std::collections::BTreeMap;

use domain::{MessageId, OwnerId, Timestamp};
use serde_json::json;
use tests::dice::mixed;
use tests::{Webhook, World};

const JOBS: u64 = 120;
const FAILING_PERCENT: u64 = 30;

/// The retry schedule in seconds (product: the retry schedule), and how far it may stray.
const SCHEDULE: [f64; 10] =
    [2.0, 8.0, 30.0, 90.0, 300.0, 900.0, 3600.0, 10_800.0, 28_800.0, 57_600.0];
const JITTER: f64 = 0.2;
/// Queues count whole seconds, and a wait is made of hops of at most a quarter of an hour.
const ROUNDING_SECONDS: f64 = 2.0;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_fails_at_random_gets_every_webhook() {
    let world = World::with_studio().await;
    world.receiver.answer(|webhook, before| {
        let order = webhook.json()["data"]["metadata"]["order"].as_u64().unwrap();
        let dice = mixed(mixed(order) ^ before as u64) % 100;
        if dice < FAILING_PERCENT { 500 } else { 200 }
    });
    let mut ids = Vec::new();
    for order in 0..JOBS {
        let body = json!({ "text": "Akkam?", "language": "om", "webhook_url": world.receiver.url(),
            "metadata": { "order": order } });
        let answer = world.client.post("/v1/tts/async", &body).await;
        ids.push(answer.json()["job_id"].as_str().unwrap().to_owned());
    }
    let arrived = || {
        let webhooks = world.receiver.webhooks();
        webhooks.iter().filter(|webhook| webhook.answered == 200).count() as u64
    };
    world.run_until("every webhook has arrived", async || arrived() == JOBS).await;

    let mut attempts = BTreeMap::<_, Vec<Webhook>>::new();
    for webhook in world.receiver.webhooks() {
        let id = webhook.json()["job_id"].as_str().unwrap().to_owned();
        attempts.entry(id).or_default().push(webhook);
    }
    assert_eq!(attempts.len(), ids.len());
    for (id, attempts) in &attempts {
        let (first, last) = (&attempts[0], &attempts[attempts.len() - 1]);
        assert!(attempts.iter().all(|attempt| attempt.id() == first.id()), "{id}: other ids");
        assert!(attempts.iter().all(|attempt| attempt.body == first.body), "{id}: other bodies");
        assert_eq!((last.answered, last.json()["type"].as_str()), (200, Some("job.completed")));
    }
    let failed = world.receiver.webhooks().len() as u64 - JOBS;
    println!(
        "{JOBS} webhooks arrived after {failed} failures, the last one {:?} after its job",
        world.clock.now().since(tests::world::START)
    );
    assert!(failed > JOBS / 5, "the receiver did fail: {failed}");
}

#[tokio::test]
async fn a_receiver_that_never_works_is_retried_by_the_schedule() {
    let world = World::with_studio().await;
    world.receiver.answer(|_, _| 503);
    let id = world.client.speak("Akkam?", &world.receiver.url()).await;
    world.run_until("nothing is due", async || world.cloud.next_due().is_none()).await;
    let attempts = world.receiver.about(&id);
    assert_eq!(attempts.len(), SCHEDULE.len() + 1);
    for (pair, due) in attempts.windows(2).zip(SCHEDULE) {
        let waited = pair[1].at.since(pair[0].at).as_secs_f64();
        let (low, high) = (due * (1.0 - JITTER), due * (1.0 + JITTER) + ROUNDING_SECONDS);
        assert!(waited >= low && waited <= high, "{waited} s instead of {due} s");
    }
    let secret = world.client.get("/v1/webhook-secret").await.json();
    for attempt in &attempts {
        attempt.verify(secret["secret"].as_str().unwrap()).unwrap();
        assert_eq!((attempt.id(), &attempt.body), (attempts[0].id(), &attempts[0].body));
    }
    assert_eq!(status(&world, attempts[0].id()).await, "exhausted");
}

#[tokio::test]
async fn one_that_answers_410_gets_no_retry() {
    let world = World::with_studio().await;
    world.receiver.answer(|_, _| 410);
    let id = world.client.speak("Akkam?", &world.receiver.url()).await;
    world.run_until("nothing is due", async || world.cloud.next_due().is_none()).await;
    let [webhook] = &world.receiver.about(&id)[..] else { panic!("not one attempt") };
    assert_eq!(status(&world, webhook.id()).await, "exhausted");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let world = World::with_studio().await;
    world.receiver.answer(|_, before| if before == 0 { 302 } else { 200 });
    let id = world.client.speak("Akkam?", &world.receiver.url()).await;
    world.run_until("the second attempt", async || world.receiver.about(&id).len() == 2).await;
}

#[tokio::test]
async fn a_dead_receiver_does_not_slow_the_others() {
    let world = World::with_studio().await;
    // Port 9 takes no connections on this machine.
    for _ in 0..5 {
        world.client.speak("Akkam?", "http://127.0.0.1:9/hook").await;
    }
    let id = world.client.speak("Nagaa?", &world.receiver.url()).await;
    world.quiet().await;
    assert_eq!(world.receiver.about(&id).len(), 1);
    assert_eq!(world.clock.now(), tests::world::START, "no time has passed");
}

#[tokio::test]
async fn each_attempt_carries_its_own_time() {
    let world = World::with_studio().await;
    let answers = [500, 500, 200];
    world.receiver.answer(move |_, before| answers[before]);
    let id = world.client.speak("Akkam?", &world.receiver.url()).await;
    world.run_until("it arrives", async || world.receiver.about(&id).len() == 3).await;
    for attempt in world.receiver.about(&id) {
        let seconds: i64 = attempt.header("webhook-timestamp").parse().unwrap();
        assert_eq!(Timestamp::from_millis(seconds * 1000).as_seconds(), attempt.at.as_seconds());
    }
}

/// The status of the delivery with that id.
async fn status(world: &World, id: &str) -> String {
    let id: MessageId = serde_json::from_value(json!(id)).unwrap();
    let delivery = world
        .store()
        .find_delivery(&OwnerId::new("local"), &id)
        .await
        .unwrap()
        .expect("it is kept");
    serde_json::to_value(delivery).unwrap()["status"].as_str().unwrap().to_owned()
}
