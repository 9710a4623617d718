//! The worker's events in every order, each of them twice.
//!
//! What is the same: all that the API shows of the job but its times and what is made of its id, the
//! files in the bucket, and the webhooks to its owner. Of two ends that contradict each other the first
//! one counts, as for every provider whose webhooks are signed: a result that was announced cannot fail
//! any more, and after a failure that the owner was notified of there is no result. So of the four events
//! of the contract's examples, which have both ends, twelve orders end in one state and twelve in the
//! other.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tests::World;

use super::{completed, failed, progress, send, started, submit};

/// The 24 orders of four events.
fn orders() -> Vec<[usize; 4]> {
    let digits = |number: usize| [number / 64 % 4, number / 16 % 4, number / 4 % 4, number % 4];
    let is_order = |order: &[usize; 4]| (0..4).all(|event| order.contains(&event));
    let orders: Vec<_> = (0..256).map(digits).filter(is_order).collect();
    assert_eq!(orders.len(), 24);
    orders
}

/// Sends the events of a new job in that order, each twice, and waits for its end; all that is to be the
/// same.
async fn end(world: &World, events: impl Fn(&str, &str) -> [Value; 4], order: [usize; 4]) -> Value {
    let id = submit(world).await;
    let events = events(&id, &format!("task-{}", world.provider.runs().len()));
    for event in order {
        for _ in 0..2 {
            send(world, &events[event]).await;
        }
        world.pass(Duration::from_secs(3));
        world.quiet().await;
    }
    let is_ended = async || !world.client.job(&id).await["completed_at"].is_null();
    world.run_until("the job has ended", is_ended).await;
    world.quiet().await;
    let mut job = world.client.job(&id).await;
    for time in ["created_at", "started_at", "completed_at", "expires_at"] {
        job.as_object_mut().unwrap().remove(time);
    }
    let objects: Vec<_> = world.objects().await;
    let objects: Vec<_> = objects.iter().filter(|key| key.contains(&id)).collect();
    let webhooks = world.receiver.about(&id);
    let webhooks: Vec<_> = webhooks.iter().map(|webhook| webhook.json()["type"].clone()).collect();
    let state = json!({ "job": job, "objects": objects, "webhooks": webhooks }).to_string();
    let inbound = world.client.get(&format!("/v1/inbound?job_id={id}")).await.json();
    assert_eq!(inbound["data"].as_array().unwrap().len(), 8, "every event is kept");
    // Links have the id, and a token that is made of it.
    let mut parts = state.split("&token=");
    let first = parts.next().unwrap().to_owned();
    let without_tokens = parts.fold(first, |text, part| text + &part[part.find('"').unwrap()..]);
    serde_json::from_str(&without_tokens.replace(&id, "{job}")).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_orders_of_a_completed_job_end_in_the_same_state() {
    let world = World::new().await;
    let events = |id: &str, task: &str| {
        let (early, late) = (progress(id, task, 30, 1), progress(id, task, 65, 2));
        [started(id, task), early, late, completed(&world, id, task, 2)]
    };
    let first = end(&world, events, [0, 1, 2, 3]).await;
    assert_eq!(first["job"]["status"], "completed", "{first}");
    assert_eq!(first["job"]["credits"], 2);
    assert_eq!(first["webhooks"], json!(["job.completed"]));
    for order in orders() {
        assert_eq!(end(&world, events, order).await, first, "{order:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_all_orders_of_the_four_events_the_first_end_counts() {
    let world = World::new().await;
    let events = |id: &str, task: &str| {
        let end = completed(&world, id, task, 1);
        [started(id, task), progress(id, task, 65, 2), end, failed(id, task)]
    };
    let mut ends: BTreeMap<bool, Vec<Value>> = BTreeMap::new();
    for order in orders() {
        let place = |event| order.iter().position(|one| *one == event);
        let is_completed = place(2) < place(3);
        ends.entry(is_completed).or_default().push(end(&world, events, order).await);
    }
    for (is_completed, ends) in ends {
        let status = if is_completed { "completed" } else { "failed" };
        assert_eq!((ends.len(), &ends[0]["job"]["status"]), (12, &json!(status)));
        assert_eq!(ends[0]["webhooks"], json!([format!("job.{status}")]));
        assert!(ends.iter().all(|end| *end == ends[0]), "{ends:#?}");
    }
}
