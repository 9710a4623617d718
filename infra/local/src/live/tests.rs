//! Connections over real sockets, with a function that keeps the events which it receives.

use std::sync::Mutex as StdMutex;

use domain::Timestamp;
use futures::{SinkExt as _, StreamExt as _};
use runtime::Invocable;
use runtime::clock::ManualClock;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::*;
use crate::gateway::{Gateway, Routes};

const START: Timestamp = Timestamp::from_millis(1_583_348_638_390);
const KB: usize = 1024;

type Client = WebSocketStream<TcpStream>;

struct World {
    host: String,
    connections: Arc<Connections>,
    clock: Clock,
    manual_clock: ManualClock,
    events: Arc<StdMutex<Vec<Value>>>,
    stopped: CancellationToken,
}

impl World {
    async fn new() -> Self {
        let events = Arc::<StdMutex<Vec<Value>>>::default();
        let (clock, manual_clock) = Clock::manual(START);
        let activity = Activity::new(clock.clone());
        let mut functions = Functions::new(Arc::clone(&activity), CancellationToken::new());
        let kept = Arc::clone(&events);
        let function: Invocable = Arc::new(move |event: Value| {
            kept.lock().unwrap().push(event.clone());
            Box::pin(async move { answer_to(&event) })
        });
        functions.add("live", function, Duration::from_secs(5));
        let route = |key: &str, responds| {
            (key.to_owned(), WebSocketRoute { function: "live".to_owned(), responds })
        };
        let routes = [
            route("$connect", false),
            route("$disconnect", false),
            route("$default", false),
            route("echo", true),
        ];
        let (stage, selector) = ("live".to_owned(), "action".to_owned());
        let api = WebSocketApi { stage, selector, routes: routes.into() };
        let (functions, connections) = (Arc::new(functions), Arc::<Connections>::default());
        let stopped = CancellationToken::new();
        let live = Live::new(
            api,
            Arc::clone(&functions),
            Arc::clone(&connections),
            (activity, clock.clone()),
            stopped.clone(),
        );
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let gateway = Gateway {
            routes: Routes::new(&[]),
            functions,
            clock: clock.clone(),
            port,
            cors: None,
            public_host: None,
            live: Some(live),
        };
        tokio::spawn(Arc::new(gateway).serve(listener, std::future::pending()));
        let host = format!("127.0.0.1:{port}");
        Self { host, connections, clock, manual_clock, events, stopped }
    }

    async fn try_connect(&self, path: &str, stream: TcpStream) -> Result<Client, Error> {
        let url = format!("ws://{}{path}", self.host);
        client_async(url, stream).await.map(|(client, _)| client)
    }

    async fn connect(&self) -> (Client, String) {
        let stream = TcpStream::connect(&self.host).await.unwrap();
        let client = self.try_connect("/live?ticket=t", stream).await.unwrap();
        let event = self.event("$connect").await;
        (client, event["requestContext"]["connectionId"].as_str().unwrap().to_owned())
    }

    /// The status with which a connection to `path` is refused.
    async fn refused(&self, path: &str) -> u16 {
        let stream = TcpStream::connect(&self.host).await.unwrap();
        match self.try_connect(path, stream).await {
            Err(Error::Http(answer)) => answer.status().as_u16(),
            other => panic!("{other:?}"),
        }
    }

    /// The latest event of a route, once there is one.
    async fn event(&self, route: &str) -> Value {
        let latest = || {
            let events = self.events.lock().unwrap();
            events.iter().rfind(|event| event["requestContext"]["routeKey"] == route).cloned()
        };
        until(|| latest().is_some()).await;
        latest().unwrap()
    }

    fn post(&self, id: &str, text: &str) -> Result<(), PostError> {
        self.connections.post(Some("live"), id, text.to_owned().into())
    }

    fn pass(&self, time: Duration) {
        self.manual_clock.advance_to(self.clock.now() + time);
    }
}

async fn until(holds: impl Fn() -> bool) {
    while !holds() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// What the function returns: the status in the query to `$connect`, an error where a message says so.
fn answer_to(event: &Value) -> Result<Value, lambda_runtime::Error> {
    if event["body"] == "fail" {
        return Err("it failed".into());
    }
    let status = event["queryStringParameters"]["status"].as_str().unwrap_or("200");
    let headers = json!({ "Sec-WebSocket-Protocol": event["headers"]["Sec-WebSocket-Protocol"] });
    Ok(json!({ "statusCode": status.parse::<u16>()?, "headers": headers, "body": event["body"] }))
}

async fn text(client: &mut Client) -> String {
    match client.next().await {
        Some(Ok(Message::Text(text))) => text.to_string(),
        other => panic!("{other:?}"),
    }
}

/// The code with which the server closes.
async fn close_code(client: &mut Client) -> u16 {
    loop {
        match client.next().await {
            Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
            Some(Ok(_)) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn the_function_decides_whether_a_client_is_connected() {
    let world = World::new().await;
    let (_client, id) = world.connect().await;
    let event = world.event("$connect").await;
    let context = &event["requestContext"];
    assert_eq!(context["eventType"], "CONNECT");
    assert_eq!(context["stage"], "live");
    assert_eq!(context["domainName"], world.host);
    assert_eq!(context["connectedAt"], 1_583_348_638_390_i64);
    assert_eq!(context["requestTime"], "04/Mar/2020:19:03:58 +0000");
    assert_eq!(context["identity"]["sourceIp"], "127.0.0.1");
    assert_eq!(event["queryStringParameters"], json!({ "ticket": "t" }));
    assert_eq!(event["multiValueQueryStringParameters"], json!({ "ticket": ["t"] }));
    assert_eq!(event["headers"]["Sec-WebSocket-Version"], "13");
    assert_eq!(event["headers"]["Host"], world.host);
    assert_eq!(world.connections.count(), 1);
    for status in [401, 403, 500] {
        assert_eq!(world.refused(&format!("/live?status={status}")).await, status);
    }
    assert_eq!(world.refused("/live?status=none").await, 502, "the function fails");
    assert_eq!(world.refused("/other").await, 404);
    assert_eq!(world.connections.count(), 1);
    assert!(world.post(&id, "a").is_ok());
}

/// Sends a request without the library; the status of the answer.
async fn raw(host: &str, head: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[9..]).into_owned()
}

#[tokio::test]
async fn a_page_cannot_make_a_name_of_its_own_lead_here() {
    let world = World::new().await;
    let request = |host: &str, version: &str| {
        format!(
            "GET /live HTTP/1.1\r\nHost: {host}\r\nConnection: keep-alive, Upgrade\r\n\
             Upgrade: websocket\r\nOrigin: http://any.example\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: {version}\r\n\r\n"
        )
    };
    assert_eq!(raw(&world.host, &request("rebind.example:8787", "13")).await, "403");
    assert_eq!(raw(&world.host, &request(&world.host, "12")).await, "400");
    assert_eq!(raw(&world.host, &request(&world.host, "13")).await, "101");
}

#[tokio::test]
async fn a_message_invokes_the_function_of_its_route() {
    let world = World::new().await;
    let (mut client, id) = world.connect().await;
    let echo = json!({ "action": "echo", "a": 1 }).to_string();
    client.send(Message::text(&echo)).await.unwrap();
    assert_eq!(text(&mut client).await, echo, "its route responds");
    let event = world.event("echo").await;
    assert_eq!(event["requestContext"]["eventType"], "MESSAGE");
    assert_eq!(event["requestContext"]["connectionId"], id.as_str());
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!(echo), &json!(false)));
    for other in [r#"{"action":"none"}"#, r#"{"action":"$connect"}"#, "no json"] {
        client.send(Message::text(other)).await.unwrap();
        until(|| world.events.lock().unwrap().last().unwrap()["body"] == other).await;
        assert_eq!(world.event("$default").await["body"], other);
    }
    client.send(Message::binary(vec![0_u8, 255])).await.unwrap();
    until(|| world.events.lock().unwrap().last().unwrap()["isBase64Encoded"] == true).await;
    assert_eq!(world.event("$default").await["body"], "AP8=");
    client.send(Message::text("fail")).await.unwrap();
    let problem: Value = serde_json::from_str(&text(&mut client).await).unwrap();
    assert_eq!(problem["message"], "Internal server error");
    assert_eq!(problem["connectionId"], id.as_str());
}

/// Sends `size` bytes in frames of `frame` bytes.
async fn send_in_frames(client: &mut Client, size: usize, frame: usize) -> Result<(), Error> {
    let bytes = vec![b'a'; size];
    let count = size.div_ceil(frame);
    for (index, part) in bytes.chunks(frame).enumerate() {
        let code = OpCode::Data(if index == 0 { Data::Text } else { Data::Continue });
        let frame = Frame::message(part.to_vec(), code, index + 1 == count);
        client.send(Message::Frame(frame)).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_large_frame_or_message_closes_its_connection() {
    let world = World::new().await;
    for (size, frame) in [(32 * KB + 1, 32 * KB + 1), (128 * KB + 1, 32 * KB)] {
        let (mut client, _) = world.connect().await;
        let _ = send_in_frames(&mut client, size, frame).await;
        assert_eq!(close_code(&mut client).await, 1009, "{size}");
    }
    let (mut client, _) = world.connect().await;
    send_in_frames(&mut client, 128 * KB, 32 * KB).await.unwrap();
    assert_eq!(world.event("$default").await["body"].as_str().unwrap().len(), 128 * KB);
}

#[tokio::test]
async fn what_is_posted_arrives_in_order_until_the_client_leaves() {
    let world = World::new().await;
    let (mut client, id) = world.connect().await;
    for number in 0..100 {
        world.post(&id, &number.to_string()).unwrap();
    }
    for number in 0..100 {
        assert_eq!(text(&mut client).await, number.to_string());
    }
    let large = "a".repeat(128 * KB);
    world.post(&id, &large).unwrap();
    assert_eq!(text(&mut client).await, large);
    assert_eq!(world.post(&id, &(large + "a")), Err(PostError::TooLarge));
    assert_eq!(world.connections.post(Some("other"), &id, "".into()), Err(PostError::OtherStage));
    let (code, reason) = (CloseCode::Library(4000), "enough".into());
    client.close(Some(CloseFrame { code, reason })).await.unwrap();
    let event = world.event("$disconnect").await;
    assert_eq!(event["requestContext"]["disconnectStatusCode"], 4000);
    assert_eq!(event["requestContext"]["disconnectReason"], "enough");
    assert_eq!(world.post(&id, "a"), Err(PostError::Gone));
    assert_eq!(world.connections.get(None, &id).unwrap_err(), PostError::Gone);
    world.connections.ended().await;
}

async fn answers_ping(client: &mut Client) -> bool {
    client.send(Message::Ping("".into())).await.unwrap();
    matches!(client.next().await, Some(Ok(Message::Pong(_))))
}

#[tokio::test]
async fn an_idle_connection_ends_after_ten_minutes_and_any_after_two_hours() {
    let world = World::new().await;
    let (mut idle, _) = world.connect().await;
    let (mut alive, id) = world.connect().await;
    let minutes = Duration::from_mins;
    for round in 1..=22 {
        world.pass(minutes(5));
        assert!(answers_ping(&mut alive).await, "{round}");
        if round == 1 {
            world.pass(Duration::from_millis(5 * 60_000 - 1));
            assert_eq!(world.connections.count(), 2);
            world.pass(Duration::from_millis(1));
            assert_eq!(close_code(&mut idle).await, 1001);
            assert!(answers_ping(&mut alive).await);
        }
    }
    assert!(world.connections.get(None, &id).is_ok(), "after 115 minutes");
    world.pass(minutes(5));
    assert_eq!(close_code(&mut alive).await, 1001);
}

#[tokio::test]
async fn a_connection_is_closed_by_a_function_and_by_the_clouds_stop() {
    let world = World::new().await;
    let (mut deleted, id) = world.connect().await;
    world.connections.delete(Some("live"), &id).unwrap();
    assert_eq!(close_code(&mut deleted).await, 1000);
    assert_eq!(world.connections.delete(None, &id), Err(PostError::Gone));
    let (mut stopped, id) = world.connect().await;
    world.stopped.cancel();
    assert_eq!(close_code(&mut stopped).await, 1001);
    world.connections.ended().await;
    let event = world.event("$disconnect").await;
    assert_eq!(event["requestContext"]["connectionId"], id.as_str());
    assert_eq!(world.refused("/live").await, 503);
}

/// A client whose kernel takes little before the client reads.
async fn slow(world: &World) -> (Client, String) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(32 * 1024).unwrap();
    let stream = socket.connect(world.host.parse().unwrap()).await.unwrap();
    let client = world.try_connect("/live", stream).await.unwrap();
    let event = world.event("$connect").await;
    (client, event["requestContext"]["connectionId"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_reads_nothing_is_refused_more_and_holds_up_nobody() {
    let world = World::new().await;
    let (mut slow, stuck) = slow(&world).await;
    let (mut quick, id) = world.connect().await;
    let large = "a".repeat(64 * KB);
    let mut taken = 0;
    loop {
        match world.post(&stuck, &large) {
            Ok(()) => taken += 1,
            // What the kernel takes is gone from the buffer in a moment.
            Err(PostError::Full) if taken == 0 => panic!("nothing is taken"),
            Err(PostError::Full) => {
                tokio::time::sleep(Duration::from_millis(50)).await;
                if world.post(&stuck, &large) == Err(PostError::Full) {
                    break;
                }
                taken += 1;
            }
            Err(error) => panic!("{error:?}"),
        }
        assert!(taken < 1000, "it is bounded");
    }
    world.post(&id, "news").unwrap();
    assert_eq!(text(&mut quick).await, "news");
    for _ in 0..taken {
        assert_eq!(text(&mut slow).await.len(), large.len(), "nothing that was taken is lost");
    }
    world.post(&stuck, "again").unwrap();
    assert_eq!(text(&mut slow).await, "again");
    // It is closed also while it takes nothing.
    while world.post(&stuck, &large).is_ok() {}
    world.connections.delete(None, &stuck).unwrap();
    world.event("$disconnect").await;
    drop(quick);
    world.connections.ended().await;
}

#[tokio::test]
async fn a_second_admits_500_connections() {
    let world = World::new().await;
    let mut ids = std::collections::HashSet::new();
    for _ in 0..500 {
        let (_, id) = world.connect().await;
        assert!(ids.insert(id));
    }
    assert_eq!(world.refused("/live").await, 429);
    world.pass(Duration::from_secs(1));
    world.connect().await;
}
