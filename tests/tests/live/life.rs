//! A connection lives for two hours at most, and nothing of it is kept after.

use std::sync::Arc;
use std::time::Duration;

use hookreel_local::aws::Fault;
use serde_json::json;
use tests::world::API_KEY;
use tests::{LiveClient, World};

async fn subscribed(world: &World) -> LiveClient {
    let url = world.cloud.live_url().unwrap();
    let mut client = LiveClient::open(url, Some(API_KEY)).await.unwrap();
    assert_eq!(client.subscribe("owner", None).await["type"], "subscribed");
    client
}

#[tokio::test]
async fn a_connection_that_pings_lives_for_two_hours_and_is_gone_from_the_table_after() {
    let world = World::new().await;
    let mut client = subscribed(&world).await;
    for _ in 0..23 {
        world.pass(Duration::from_mins(5));
        assert_eq!(client.ask(&json!({ "action": "ping" })).await["type"], "pong");
    }
    assert_eq!(super::live_items(&world).await.len(), 2, "the connection and its subscription");
    world.pass(Duration::from_mins(5));
    assert_eq!(client.close_code().await, 1001);
    assert_eq!(super::left(&world).await, [""; 0]);
}

#[tokio::test]
async fn a_connection_that_says_nothing_lives_for_ten_minutes() {
    let world = World::new().await;
    let mut client = subscribed(&world).await;
    world.pass(Duration::from_mins(10) - Duration::from_millis(1));
    world.quiet().await;
    assert_eq!(super::live_items(&world).await.len(), 2);
    world.pass(Duration::from_millis(1));
    assert_eq!(client.close_code().await, 1001);
    assert_eq!(super::left(&world).await, [""; 0]);
}

#[tokio::test]
async fn a_connection_whose_end_is_not_reported_is_gone_from_the_table_after_two_hours() {
    let world = World::new().await;
    let client = subscribed(&world).await;
    let calls = world.cloud.aws().calls();
    calls.inject(Arc::new(|call| (&*call.caller == "live").then_some(Fault::BeforeEffect)));
    drop(client);
    assert_eq!(super::left(&world).await.len(), 2);
    calls.clear_faults();
    world.pass(Duration::from_hours(2) + Duration::from_secs(1));
    world.cloud.aws().sweep().unwrap();
    assert_eq!(super::live_items(&world).await, [""; 0]);
}
