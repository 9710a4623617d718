//! A page sees every event of its job, in order and once, whatever becomes of its connections.

use serde_json::json;
use tests::dice::mixed;
use tests::live_client::Page;
use tests::world::Plan;
use tests::{LiveClient, World};

/// The progress that the provider reports: each is an event.
const PERCENTS: [u64; 8] = [12, 23, 34, 45, 56, 67, 78, 89];

async fn progress(world: &World, percent: u64) {
    let state =
        json!({ "id": "task-1", "status": "IN_PROGRESS", "output": { "progress": percent } });
    world.provider.tell("task-1", state);
    let asked = world.provider.asked().len();
    world.run_until("asked again", async || world.provider.asked().len() > asked).await;
    world.quiet().await;
}

async fn complete(world: &World, id: &str) {
    let (callback, body) = (world.provider.callback(), world.provider.file_ready(id));
    assert_eq!(world.client.post(&callback, &body).await.status, 200);
    world.run_until_job(id, "completed").await;
}

fn assert_every_step(page: &Page) {
    page.follower.assert_whole();
    let progress = ["job.progress"; PERCENTS.len()];
    let all = [&["job.started"][..], &progress, &["job.storing", "job.completed"]].concat();
    assert_eq!(page.follower.types(), all);
    let percents = page.follower.taken[1..=PERCENTS.len()].iter();
    let percents: Vec<_> =
        percents.map(|event| event["progress_percent"].as_u64().unwrap()).collect();
    assert_eq!(percents, PERCENTS);
}

#[tokio::test]
async fn every_event_comes_in_order_and_once_while_connected() {
    let world = World::new().await;
    let id = world.client.speak("Akkam jirta?", &world.receiver.url()).await;
    let mut page = Page::new(&id);
    page.catch_up(&world).await;
    for percent in PERCENTS {
        progress(&world, percent).await;
        page.catch_up(&world).await;
        assert_eq!(page.follower.taken.last().unwrap()["progress_percent"], percent);
    }
    complete(&world, &id).await;
    page.catch_up(&world).await;
    assert_every_step(&page);
}

#[tokio::test]
async fn every_event_comes_in_order_and_once_through_disconnects() {
    let mut connected = 0;
    for seed in 0..8 {
        let world = World::new().await;
        let id = world.client.speak("Akkam jirta?", &world.receiver.url()).await;
        let mut page = Page::new(&id);
        page.catch_up(&world).await;
        for percent in PERCENTS {
            // It loses its connection before the event or after it, and may be away for a while.
            match mixed(seed << 8 | percent) % 4 {
                0 => page.lose(),
                1 => page.catch_up(&world).await,
                2 => {
                    page.lose();
                    page.catch_up(&world).await;
                }
                _ => {}
            }
            progress(&world, percent).await;
        }
        page.lose();
        complete(&world, &id).await;
        page.catch_up(&world).await;
        assert_every_step(&page);
        connected += page.connected;
    }
    assert!(connected > 20, "{connected} connections of 8 pages");
}

#[tokio::test]
async fn a_connection_outlives_neither_a_stop_nor_a_crash_and_its_page_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let plan = || Plan { data: Some(folder.path().to_owned()), ..Plan::default() };
    let world = World::start(plan()).await;
    let id = world.client.speak("Akkam jirta?", &world.receiver.url()).await;
    let mut page = Page::new(&id);
    page.catch_up(&world).await;
    world.quiet().await;
    let mut stopped = LiveClient::with_ticket(&world, &["owner"]).await;
    let items = super::live_items(&world).await;
    assert_eq!(items.iter().filter(|key| key.starts_with("CONNECTION#")).count(), 2);
    let World { cloud, .. } = world;
    cloud.stop().await;
    assert_eq!(stopped.close_code().await, 1001);

    let world = World::start(plan()).await;
    assert_eq!(super::live_items(&world).await, [""; 0], "each is said to have ended");
    page.catch_up(&world).await;
    // Dropped, it ends as in a crash: nothing is said of the connection's end.
    drop(world);
    let world = World::start(plan()).await;
    page.lose();
    assert_eq!(world.client.delete(&format!("/v1/jobs/{id}")).await.status, 202);
    world.run_until_job(&id, "cancelled").await;
    page.catch_up(&world).await;
    assert!(page.follower.has_end());
    page.follower.assert_whole();
    let left = super::live_items(&world).await;
    let connections = left.iter().filter(|key| key.starts_with("CONNECTION#")).count();
    assert_eq!(connections, 1, "what is gone is forgotten at the first event: {left:?}");
}
