//! The limit of webhooks a minute from one address: exact, shared by all instances, and cheap
//! where it matters.

use std::time::Duration;

use domain::Secret;
use serde_json::json;
use signing::hex_hmac;
use tests::sent::Sent;
use tests::world::{RUNPOD_WEBHOOK_SECRET, STITCH_WEBHOOK_SECRET};
use tests::{Answer, World};

const STITCH: &str = "/api/webhooks/stitch-complete";
const LIMIT: usize = 50;

/// A webhook that the service signs and that speaks of nothing of ours.
async fn post(world: &World, secret: &str) -> Answer {
    let body = json!({ "task_id": "task_1", "status": "queued", "project_id": "proj_nowhere" });
    let body = body.to_string();
    let signature = hex_hmac::sign(&Secret::new(secret), body.as_bytes()).unwrap();
    let headers = [("X-Webhook-Signature", signature.as_str())];
    world.client.with_key(None).post_with(STITCH, &headers, body).await
}

fn writes_of_permits(world: &World) -> usize {
    let sent = Sent::so_far(world);
    sent.operations().iter().filter(|operation| *operation == "dynamodb UpdateItem").count()
}

#[tokio::test]
async fn a_minute_takes_so_many_and_the_next_one_more() {
    let world = World::frozen().await;
    Sent::begin(&world);
    for request in 0..LIMIT {
        assert_eq!(post(&world, STITCH_WEBHOOK_SECRET).await.status, 202, "request {request}");
    }
    let writes = writes_of_permits(&world);
    println!("{writes} writes for {LIMIT} requests");
    assert!(writes * 5 <= LIMIT, "{writes} writes for {LIMIT} requests");

    Sent::begin(&world);
    for _ in 0..3 {
        let refused = post(&world, STITCH_WEBHOOK_SECRET).await;
        assert_eq!((refused.status, refused.json()["code"].as_str()), (429, Some("rate_limited")));
        assert_eq!(refused.header("ratelimit-limit"), "50");
        assert_eq!(refused.header("ratelimit-remaining"), "0");
        assert_eq!(refused.header("ratelimit-reset"), refused.header("retry-after"));
    }
    assert!(Sent::so_far(&world).records().is_empty(), "a window known to be full costs nothing");

    // The wait is told in whole seconds, and is long enough even so.
    world.pass(Duration::from_millis(300));
    let refused = post(&world, STITCH_WEBHOOK_SECRET).await;
    let wait = refused.header("retry-after").parse().unwrap();
    world.pass(Duration::from_secs(wait));
    assert_eq!(post(&world, STITCH_WEBHOOK_SECRET).await.status, 202, "after {wait} s");
}

#[tokio::test]
async fn whoever_cannot_sign_uses_nothing_up() {
    let world = World::frozen().await;
    Sent::begin(&world);
    for _ in 0..=LIMIT {
        assert_eq!(post(&world, "somebody-elses-secret").await.status, 401);
    }
    assert!(Sent::so_far(&world).records().is_empty());
    assert_eq!(post(&world, STITCH_WEBHOOK_SECRET).await.status, 202);
}

/// Several instances, each with what it last saw of the window, or with nothing.
#[tokio::test]
async fn instances_share_one_window() {
    use domain::rate_window::{Lease, RateWindow};

    let world = World::frozen().await;
    let store = world.store();
    let lease = async |seen, wish| {
        let now = world.clock.now();
        store.lease_permits(("route", "203.0.113.7"), seen, wish, 20, now).await.unwrap()
    };
    let permits = |lease: &Lease| match lease {
        Lease::Granted { permits, .. } => *permits,
        Lease::Full { .. } => 0,
    };
    let new = RateWindow::default();
    // All of them at once, each for the first time.
    let all = futures::future::join_all((0..5).map(|_| lease(new, 3))).await;
    assert_eq!(all.iter().map(permits).sum::<u32>(), 15);
    let Lease::Granted { window, .. } = lease(new, 1).await else { panic!("it is not full") };
    assert_eq!(window.taken, 16);
    assert_eq!(permits(&lease(window, 9).await), 4, "no more than are left");
    let refused = lease(new, 3).await;
    assert!(matches!(refused, Lease::Full { window, .. } if window.taken == 20), "{refused:?}");

    // Half a minute into the next one, half of them count, whoever asks.
    world.pass(Duration::from_secs(90));
    assert!(matches!(lease(window, 1).await, Lease::Granted { permits: 1, .. }));
    let later = futures::future::join_all((0..4).map(|_| lease(new, 3))).await;
    let granted = later.iter().map(permits).sum::<u32>();
    assert!((6..=9).contains(&granted), "{granted} beside the one, of some ten");

    world.pass(Duration::from_mins(5));
    assert!(
        matches!(lease(window, 20).await, Lease::Granted { permits: 20, .. }),
        "all is forgotten"
    );
}

#[tokio::test]
async fn a_worker_with_the_shared_secret_is_limited_by_its_address() {
    let world = World::frozen().await;
    let body = json!({ "job_id": "job_nobody", "download_url": "https://x.example/a" }).to_string();
    let signature = hex_hmac::sign(&Secret::new(RUNPOD_WEBHOOK_SECRET), body.as_bytes()).unwrap();
    let client = world.client.with_key(None);
    let mut statuses = Vec::new();
    for nth in 0..110 {
        let from = format!("203.0.113.{nth}");
        let headers =
            [("X-Webhook-Signature", signature.as_str()), ("X-Forwarded-For", from.as_str())];
        let answer = client.post_with("/api/runpod-webhook", &headers, body.clone()).await;
        statuses.push(answer.status);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 10, "{statuses:?}");
}

/// Who has no more than the callback URL of one attempt may share an address with all workers.
#[tokio::test]
async fn a_callback_url_is_limited_by_its_job() {
    let world = World::new().await;
    let mut callbacks = Vec::new();
    for _ in 0..2 {
        let id = world.client.speak("Akkam jirta?", &world.receiver.url()).await;
        world.quiet().await;
        callbacks.push((world.provider.callback(), world.provider.file_ready(&id)));
    }
    let client = world.client.with_key(None);
    let post =
        async |(url, body): &(String, serde_json::Value)| client.post(url, body).await.status;
    let mut refused = 0;
    for _ in 0..130 {
        refused += usize::from(post(&callbacks[1]).await == 429);
    }
    assert!((15..=20).contains(&refused), "{refused}: 100 a minute, and a few that are free");
    assert_eq!(post(&callbacks[0]).await, 200, "another job is not concerned");
}
