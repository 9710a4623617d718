//! Progress as the worker reports it: never back, throttled, shown on the job and sent as `job.progress`.

use std::time::Duration;

use serde_json::{Value, json};
use tests::World;

use super::{TASK, completed, progress, send, started, submit, text};

/// The members by which clients draw a bar.
fn bar(job: &Value) -> [Value; 4] {
    ["progress_percent", "current_step", "clips_completed", "total_clips"]
        .map(|name| job[name].clone())
}

#[tokio::test]
async fn progress_is_shown_and_never_goes_back() {
    let world = World::new().await;
    let id = submit(&world).await;
    send(&world, &started(&id, TASK)).await;
    let at = |percent, done: u32| {
        let step = format!("Rendering clip {}/5...", done + 1);
        [json!(percent), json!(step), json!(done), json!(5)]
    };
    for (percent, done, shown) in [
        (30, 1, at(30, 1)),
        (20, 0, at(30, 1)),
        (35, 1, at(30, 1)),
        (65, 2, at(65, 2)),
        (64, 3, at(65, 2)),
        (5, 0, at(65, 2)),
    ] {
        world.pass(Duration::from_secs(3));
        send(&world, &progress(&id, TASK, percent, done)).await;
        assert_eq!(bar(&world.client.job(&id).await), shown, "{percent}");
    }
}

#[tokio::test]
async fn endpoints_get_it_at_most_once_in_two_seconds_and_ten_percent() {
    let world = World::new().await;
    let url = format!("{}/progress", world.receiver.base_url());
    let endpoint = json!({ "url": url, "events": ["job.progress"] });
    assert_eq!(world.client.post("/v1/endpoints", &endpoint).await.status, 201);
    let id = submit(&world).await;
    for (second, percent) in [(3, 20), (1, 40), (2, 45), (2, 52), (4, 70), (1, 90)] {
        world.pass(Duration::from_secs(second));
        send(&world, &progress(&id, TASK, percent, 2)).await;
        world.quiet().await;
    }
    let sent: Vec<_> = world
        .receiver
        .webhooks()
        .iter()
        .filter(|webhook| webhook.json()["type"] == "job.progress")
        .map(|webhook| bar(&webhook.json()["data"]))
        .collect();
    let shown = |percent: u8| [json!(percent), json!("Rendering clip 3/5..."), json!(2), json!(5)];
    assert_eq!(sent, [20, 45, 70].map(shown));
}

#[tokio::test]
async fn an_event_after_the_end_is_on_the_timeline_and_changes_nothing() {
    let world = World::new().await;
    let id = submit(&world).await;
    send(&world, &completed(&world, &id, TASK, 1)).await;
    let job = world.run_until_job(&id, "completed").await;
    world.pass(Duration::from_secs(3));
    send(&world, &progress(&id, TASK, 99, 1)).await;
    send(&world, &started(&id, TASK)).await;
    send(&world, &completed(&world, &id, TASK, 3)).await;
    world.quiet().await;
    assert_eq!(world.client.job(&id).await, job);
    assert_eq!(world.receiver.about(&id).len(), 1);
    let timeline = world.client.get(&format!("/v1/jobs/{id}/timeline")).await.json();
    let entries = timeline["data"].as_array().unwrap().iter();
    let outcomes: Vec<_> = entries
        .filter(|entry| entry["event"] == "webhook_received")
        .map(|entry| text(entry, "outcome").to_owned())
        .collect();
    assert_eq!(outcomes, ["applied", "superseded", "superseded", "duplicate"]);
}
