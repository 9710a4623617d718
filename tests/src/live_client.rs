//! A client of live updates over a real WebSocket, which follows a job by the client's rule of
//! `docs/LIVE.md`.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::World;

/// Longer than anything takes that is on its way.
const SOON: Duration = Duration::from_secs(20);
/// How long a client waits for an answer that may be lost, by the machine's clock.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often a page takes what has come in a row: it may have subscribed again or connected anew.
const ROUNDS: usize = 5;
/// The least that a kernel takes for a client that does not read.
const LITTLE: u32 = 4096;

/// An open connection.
#[derive(Debug)]
pub struct LiveClient {
    socket: WebSocketStream<TcpStream>,
}

impl LiveClient {
    /// Opens one at `url`, with an API key if there is one; the status if it is refused.
    pub async fn open(url: &str, key: Option<&str>) -> Result<Self, u16> {
        Self::open_with(url, key, None).await
    }

    /// One whose kernel takes little before it is read.
    pub async fn open_slow(url: &str, key: &str) -> Self {
        Self::open_with(url, Some(key), Some(LITTLE)).await.unwrap()
    }

    async fn open_with(url: &str, key: Option<&str>, buffer: Option<u32>) -> Result<Self, u16> {
        let mut request = url.into_client_request().unwrap();
        if let Some(key) = key {
            let bearer = format!("Bearer {key}").parse().unwrap();
            request.headers_mut().insert("authorization", bearer);
        }
        let socket = TcpSocket::new_v4().unwrap();
        if let Some(bytes) = buffer {
            socket.set_recv_buffer_size(bytes).unwrap();
        }
        let host = request.uri().authority().unwrap().as_str().parse().unwrap();
        let stream = socket.connect(host).await.unwrap();
        match client_async(request, stream).await {
            Ok((socket, _)) => Ok(Self { socket }),
            Err(Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Opens one with a ticket for `topics` that the world's client gets.
    pub async fn with_ticket(world: &World, topics: &[&str]) -> Self {
        Self::open(&ticket_url(&world.client, topics).await, None).await.unwrap()
    }

    /// Sends a request; whether that was possible.
    pub async fn send(&mut self, request: &Value) -> bool {
        self.socket.send(Message::text(request.to_string())).await.is_ok()
    }

    /// Subscribes to `topic`; the answer, passing over what comes before it.
    pub async fn subscribe(&mut self, topic: &str, last: Option<u64>) -> Value {
        let mut request = json!({ "action": "subscribe", "topic": topic });
        if let Some(last) = last {
            request["last"] = last.into();
        }
        self.ask(&request).await
    }

    /// Sends a request; the answer, passing over events.
    pub async fn ask(&mut self, request: &Value) -> Value {
        assert!(self.send(request).await, "it is open");
        loop {
            let message = self.next().await.expect("it is open");
            if message.get("sequence").is_none() || message["type"] == "subscribed" {
                return message;
            }
        }
    }

    /// The next message; `None` if the connection is closed.
    pub async fn next(&mut self) -> Option<Value> {
        let next = timeout(SOON, self.socket.next()).await.expect("something comes");
        match next {
            Some(Ok(Message::Text(text))) => Some(serde_json::from_str(&text).unwrap()),
            Some(Ok(Message::Close(_)) | Err(_)) | None => None,
            Some(Ok(other)) => panic!("{other:?}"),
        }
    }

    /// The next message if it comes soon.
    async fn next_soon(&mut self) -> Option<Value> {
        timeout(PATIENCE, self.next()).await.ok().flatten()
    }

    /// The code with which the server closes it.
    pub async fn close_code(&mut self) -> u16 {
        loop {
            let next = timeout(SOON, self.socket.next()).await.expect("it is closed");
            match next {
                Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                Some(Ok(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Everything that has been sent to it, once nothing more happens; `None` if it is closed.
    pub async fn arrived(&mut self, world: &World) -> Option<Vec<Value>> {
        world.quiet().await;
        while world.cloud.aws().connections().waiting() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        self.socket.send(Message::Ping("".into())).await.ok()?;
        let mut arrived = Vec::new();
        loop {
            let next = timeout(SOON, self.socket.next()).await.expect("a ping is answered");
            match next {
                Some(Ok(Message::Text(text))) => arrived.push(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Pong(_))) => return Some(arrived),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(other)) => panic!("{other:?}"),
            }
        }
    }
}

/// Where a connection is opened with a new ticket of `client` for `topics`.
pub async fn ticket_url(client: &crate::Client, topics: &[&str]) -> String {
    let answer = client.post("/v1/live/tickets", &json!({ "topics": topics })).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()["url"].as_str().unwrap().to_owned()
}

/// What a client has of a job, by the client's rule.
#[derive(Debug)]
pub struct Follower {
    topic: String,
    /// The sequence of the last event that it has.
    pub last: u64,
    /// What it has taken, in order: events, and states that stand for events.
    pub taken: Vec<Value>,
    held: BTreeMap<u64, Value>,
    is_answered: bool,
}

impl Follower {
    /// One that follows `job` from its beginning.
    #[must_use]
    pub fn new(job: &str) -> Self {
        let topic = format!("job:{job}");
        Self { topic, last: 0, taken: Vec::new(), held: BTreeMap::new(), is_answered: false }
    }

    /// The request by which it goes on after what it has.
    pub fn subscribe(&mut self) -> Value {
        self.is_answered = false;
        json!({ "action": "subscribe", "topic": self.topic, "last": self.last })
    }

    /// Takes a message; whether it has to subscribe again.
    pub fn take(&mut self, message: Value) -> bool {
        if message["type"] != "subscribed" {
            self.held.insert(sequence(&message), message);
            let was_answered = self.is_answered;
            self.release();
            return was_answered && !self.held.is_empty();
        }
        self.is_answered = true;
        for event in message["events"].as_array().unwrap() {
            assert_eq!(sequence(event), self.last + 1, "an answer has no gap: {message}");
            self.accept(event.clone());
        }
        if sequence(&message["state"]) > self.last {
            self.accept(message["state"].clone());
        }
        self.release();
        !self.held.is_empty()
    }

    /// Takes what is held and follows on; passes over what it has.
    fn release(&mut self) {
        self.held.retain(|sequence, _| *sequence > self.last);
        while let Some(event) = self.held.remove(&(self.last + 1)).filter(|_| self.is_answered) {
            self.accept(event);
        }
    }

    fn accept(&mut self, event: Value) {
        self.last = sequence(&event);
        self.taken.push(event);
    }

    /// The types of what it has taken; that of a state is null.
    #[must_use]
    pub fn types(&self) -> Vec<&str> {
        self.taken.iter().map(|event| event["type"].as_str().unwrap_or("null")).collect()
    }

    /// Whether the job has ended.
    #[must_use]
    pub fn has_end(&self) -> bool {
        let status = self.taken.last().and_then(|event| event["status"].as_str());
        status.is_some_and(|status| ["completed", "failed", "cancelled"].contains(&status))
    }

    /// Fails unless it has every event from the first to the last, in order and once.
    pub fn assert_whole(&self) {
        let sequences: Vec<_> = self.taken.iter().map(sequence).collect();
        assert_eq!(sequences, (1..=self.last).collect::<Vec<_>>(), "{:#?}", self.taken);
        assert!(!self.types().contains(&"null"), "{:#?}", self.taken);
    }
}

fn sequence(value: &Value) -> u64 {
    value["sequence"].as_u64().unwrap_or_else(|| panic!("no sequence: {value}"))
}

/// A page that follows a job: it connects again when its connection is closed.
#[derive(Debug)]
pub struct Page {
    /// What it has.
    pub follower: Follower,
    client: Option<LiveClient>,
    /// How often it has connected.
    pub connected: usize,
}

impl Page {
    /// One that shows `job`.
    #[must_use]
    pub fn new(job: &str) -> Self {
        Self { follower: Follower::new(job), client: None, connected: 0 }
    }

    /// Loses its connection without a word.
    pub fn lose(&mut self) {
        self.client = None;
    }

    /// Whether it is connected and subscribed.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.client.is_some()
    }

    /// Connects if it has to, and takes everything that has been sent to it. What fails is tried again
    /// at the next call.
    pub async fn catch_up(&mut self, world: &World) {
        for _ in 0..ROUNDS {
            if self.client.is_none() && !self.connect(world).await {
                return;
            }
            let Some(client) = &mut self.client else { return };
            match client.arrived(world).await {
                Some(arrived) if !self.take(arrived).await => return,
                Some(_) => {}
                None => self.lose(),
            }
        }
    }

    async fn connect(&mut self, world: &World) -> bool {
        let topics = json!({ "topics": [self.follower.topic] });
        let answer = world.client.post("/v1/live/tickets", &topics).await;
        if answer.status >= 500 {
            return false;
        }
        let url = answer.json()["url"].as_str().unwrap().to_owned();
        self.client = LiveClient::open(&url, None).await.ok();
        self.connected += usize::from(self.client.is_some());
        self.subscribe().await
    }

    /// Subscribes; whether that was answered.
    async fn subscribe(&mut self) -> bool {
        let Some(client) = &mut self.client else { return false };
        client.send(&self.follower.subscribe()).await;
        while let Some(client) = &mut self.client {
            let Some(message) = client.next_soon().await else { break };
            let is_answer = message["type"] == "subscribed";
            if !is_answer && message.get("sequence").is_none() {
                break;
            }
            self.follower.take(message);
            if is_answer {
                return true;
            }
        }
        self.lose();
        false
    }

    /// Takes `messages`; whether more may come, since it has subscribed again.
    async fn take(&mut self, messages: Vec<Value>) -> bool {
        let mut again = false;
        for message in messages {
            again |= self.follower.take(message);
        }
        again && self.subscribe().await
    }
}
