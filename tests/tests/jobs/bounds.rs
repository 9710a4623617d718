//! What a function sends to its own queue ends, whatever happens: no message goes round for ever.

use std::time::Duration;

use domain::{JobState, Timestamp, limits};
use queues::Queue;
use queues::message::Reconcile;
use serde_json::json;
use tests::{World, seed, templates};

fn waiting(world: &World, function: &str) -> u64 {
    let depth = world.cloud.aws().queue_depth(&templates::queue(function)).unwrap();
    depth.visible + depth.in_flight + depth.delayed
}

#[tokio::test]
async fn a_job_that_slips_through_its_deadlines_ends_with_its_polls() {
    let world = World::new().await;
    let mut job = seed::job("slow", seed::OWNER, JobState::Running, 1);
    let since = world.clock.now().as_millis();
    let before = i64::try_from(limits::JOB_DEADLINE.as_millis()).unwrap();
    job.created_at = Timestamp::from_millis(since - before);
    seed::put(&world, job.clone()).await;
    let url = world.cloud.aws().queue_url(&templates::queue("reconcile"));
    let queue = Queue::new(&world.cloud.aws().sdk_config("tests"), url);
    queue.send(&Reconcile::of(job.id.clone(), Some(9)), Duration::ZERO).await.unwrap();
    world.run_until("no poll is left", async || waiting(&world, "reconcile") == 0).await;
    let job = world.store().job(&job.id).await.unwrap().unwrap();
    assert_eq!(job.state, JobState::Failed, "{job:?}");
}

#[tokio::test]
async fn a_message_to_dispatch_is_not_put_off_for_ever() {
    let world = World::frozen().await;
    let now = world.clock.now();
    let key = store::CircuitKey::Provider("runpod");
    for _ in 0..10 {
        let circuit = world.store().record_failure(key, now).await.unwrap();
        if let Some(until) = circuit.opens_until(now, 0.5) {
            world.store().open_circuit(key, &circuit, until).await.unwrap();
        }
    }
    let age = |age: Duration| now.as_millis() - i64::try_from(age.as_millis()).unwrap();
    for (since, put_off) in [(age(limits::START_DEADLINE), 0), (age(limits::START_DEADLINE / 2), 1)]
    {
        let message = json!({ "job_id": "job_x", "last_attempt": 1, "kind": "tts",
            "waiting_since": since });
        let event = json!({ "Records": [{
            "messageId": "one", "receiptHandle": "one", "body": message.to_string(),
            "attributes": { "ApproximateReceiveCount": "1" }, "messageAttributes": {},
            "eventSource": "aws:sqs",
        }] });
        let answer = world.cloud.invoke("dispatch", event).await.unwrap();
        assert_eq!(answer["batchItemFailures"], json!([]));
        assert_eq!(waiting(&world, "dispatch"), put_off, "{message}");
    }
}
