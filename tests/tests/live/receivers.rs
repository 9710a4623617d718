//! Many receivers, receivers that read nothing, and those that must get nothing.

use std::time::{Duration, Instant};

use aws_sdk_apigatewaymanagement::Client as Management;
use aws_sdk_apigatewaymanagement::primitives::Blob;
use domain::{Scope, limits};
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};
use tests::live_client::ticket_url;
use tests::world::API_KEY;
use tests::{LiveClient, World};

/// API Gateway's quota of new connections in a second.
const RECEIVERS: usize = 500;

async fn speak(world: &World) -> String {
    let id = world.client.speak("Akkam jirta?", &world.receiver.url()).await;
    world.quiet().await;
    id
}

async fn cancel(world: &World, id: &str) {
    assert_eq!(world.client.delete(&format!("/v1/jobs/{id}")).await.status, 202);
}

fn url(world: &World) -> &str {
    world.cloud.live_url().unwrap()
}

/// Reads until the job has ended.
async fn end(mut client: LiveClient) -> (Vec<Value>, LiveClient) {
    let mut events = Vec::new();
    loop {
        let event = client.next().await.expect("it is open");
        let is_end = event["type"] == "job.cancelled";
        events.push(event);
        if is_end {
            return (events, client);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_receivers_have_the_end_of_one_job() {
    let world = World::new().await;
    let id = speak(&world).await;
    let topic = format!("job:{id}");
    let began = Instant::now();
    let clients: Vec<_> = stream::iter(0..RECEIVERS)
        .map(async |_| {
            let mut client = LiveClient::open(url(&world), Some(API_KEY)).await.unwrap();
            assert_eq!(client.subscribe(&topic, None).await["sequence"], 1);
            client
        })
        .buffer_unordered(32)
        .collect()
        .await;
    let connected = began.elapsed();
    assert_eq!(world.cloud.aws().connections().count(), RECEIVERS);
    let began = Instant::now();
    let ends: Vec<_> = clients.into_iter().map(|client| tokio::spawn(end(client))).collect();
    cancel(&world, &id).await;
    let mut clients = Vec::new();
    for end in ends {
        let (events, client) = end.await.unwrap();
        assert_eq!(events.len(), 1, "{events:?}");
        assert_eq!(events[0]["sequence"], 2);
        clients.push(client);
    }
    let ended = began.elapsed();
    println!("{RECEIVERS} connected in {connected:.2?}; from the request to the last {ended:.2?}");
    drop(clients);
    assert_eq!(super::left(&world).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_reads_nothing_is_dropped_and_no_other() {
    let world = World::new().await;
    let id = speak(&world).await;
    let topic = format!("job:{id}");
    let mut stuck = LiveClient::open_slow(url(&world), API_KEY).await;
    stuck.subscribe(&topic, None).await;
    let items = super::live_items(&world).await;
    let stuck_id = items.iter().find_map(|key| key.strip_prefix("CONNECTION#")).unwrap();
    let stuck_id = stuck_id.split(' ').next().unwrap();
    let mut others = Vec::new();
    for _ in 0..3 {
        let mut other = LiveClient::open(url(&world), Some(API_KEY)).await.unwrap();
        other.subscribe(&topic, None).await;
        others.push(other);
    }
    let config = world.cloud.aws().sdk_config("tests").to_builder();
    let endpoint = format!("{}/live", world.cloud.aws_url());
    let management = Management::new(&config.endpoint_url(endpoint).build());
    let full = async || {
        let large = Blob::new(vec![b' '; 64 * 1024]);
        let post = management.post_to_connection().connection_id(stuck_id).data(large);
        post.send()
            .await
            .err()
            .map(aws_sdk_apigatewaymanagement::error::SdkError::into_service_error)
    };
    // What the kernel takes leaves the buffer in a moment.
    for posts in 0.. {
        assert!(posts < 1000, "what waits for a client is bounded");
        if full().await.is_some_and(|error| error.is_limit_exceeded_exception()) {
            tokio::time::sleep(Duration::from_millis(50)).await;
            if full().await.is_some() {
                break;
            }
        }
    }
    let began = Instant::now();
    cancel(&world, &id).await;
    let mut open = Vec::new();
    for other in others {
        let (events, other) = end(other).await;
        assert_eq!(events.len(), 1, "{events:?}");
        open.push(other);
    }
    println!("the others had the end after {:.0?}", began.elapsed());
    world.quiet().await;
    let left = super::live_items(&world).await;
    assert!(!left.iter().any(|key| key.contains(stuck_id)), "{left:?}");
    assert_eq!(left.iter().filter(|key| key.starts_with("CONNECTION#")).count(), 3);
    assert_eq!(world.cloud.aws().connections().count(), 3);
}

#[tokio::test]
async fn another_owners_topic_and_what_a_ticket_does_not_name_are_refused() {
    let world = World::new().await;
    let (id, other) = (speak(&world).await, speak(&world).await);
    let (topic, other) = (format!("job:{id}"), format!("job:{other}"));
    let mallory = world.client_of("mallory", &[Scope::JobsRead]).await;
    let url = ticket_url(&mallory, &["owner"]).await;
    let mut mallory = LiveClient::open(&url, None).await.unwrap();
    assert_eq!(mallory.subscribe(&topic, None).await["code"], "not_found");
    assert_eq!(mallory.subscribe("owner", None).await["type"], "subscribed");
    let named = json!({ "action": "subscribe", "topic": "owner", "last": { id.clone(): 0 } });
    let answer = mallory.ask(&named).await;
    assert_eq!((&answer["events"], &answer["state"]["jobs"]), (&json!([]), &json!([])));
    let mut own = LiveClient::with_ticket(&world, &[&topic]).await;
    assert_eq!(own.subscribe(&other, None).await["code"], "forbidden");
    assert_eq!(own.subscribe("owner", None).await["code"], "forbidden");
    assert_eq!(own.subscribe(&topic, None).await["type"], "subscribed");
    cancel(&world, &id).await;
    world.run_until_job(&id, "cancelled").await;
    assert_eq!(mallory.arrived(&world).await.unwrap(), [""; 0]);
    let events = own.arrived(&world).await.unwrap();
    assert_eq!(events.last().unwrap()["type"], "job.cancelled");
}

#[tokio::test]
async fn an_old_a_used_and_an_invented_ticket_are_refused() {
    let world = World::new().await;
    let used = ticket_url(&world.client, &["owner"]).await;
    let _open = LiveClient::open(&used, None).await.unwrap();
    let old = ticket_url(&world.client, &["owner"]).await;
    world.pass(limits::TICKET_LIFE);
    let invented = format!("{}?ticket=invented", url(&world));
    for refused in [used.as_str(), &old, &invented, url(&world)] {
        assert_eq!(LiveClient::open(refused, None).await.unwrap_err(), 401);
    }
    assert_eq!(LiveClient::open(url(&world), Some("hr_wrong")).await.unwrap_err(), 401);
    assert_eq!(world.cloud.aws().connections().count(), 1);
}
