//! A receiver of webhooks, as a customer has one. It keeps what it gets, and answers as told.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use domain::{Secret, Timestamp};
use http::{HeaderMap, StatusCode, Uri};
use runtime::Clock;
use serde_json::Value;
use signing::{Unverified, hex_hmac, standard_webhooks};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

/// A webhook as it came.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// The path it came to.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    /// When it came, by the clock of the world.
    pub at: Timestamp,
    /// What it was answered.
    pub answered: u16,
}

/// Says which status a webhook is answered with, given how often its id has come before.
pub type Reply = Box<dyn FnMut(&Webhook, usize) -> u16 + Send>;

/// A receiver on a free port of this machine. It ends when it is dropped.
pub struct Receiver {
    url: String,
    inbox: Arc<Inbox>,
    server: JoinHandle<()>,
}

struct Inbox {
    clock: Clock,
    webhooks: Mutex<Vec<Webhook>>,
    counts: Mutex<HashMap<String, usize>>,
    reply: Mutex<Reply>,
    answer_headers: Mutex<HeaderMap>,
    held: Mutex<Option<oneshot::Receiver<()>>>,
    arrived: watch::Sender<usize>,
}

impl Receiver {
    /// Starts one that answers everything with 204.
    pub async fn start(clock: Clock) -> Self {
        let inbox = Arc::new(Inbox {
            clock,
            webhooks: Mutex::default(),
            counts: Mutex::default(),
            reply: Mutex::new(Box::new(|_, _| 204)),
            answer_headers: Mutex::default(),
            held: Mutex::default(),
            arrived: watch::Sender::new(0),
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(receive).with_state(Arc::clone(&inbox));
        let server = tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        Self { url, inbox, server }
    }

    /// Where it takes webhooks.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}/hook", self.url)
    }

    /// The address alone, to which a path of its own may be added.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.url
    }

    /// Answers by `reply` from now on.
    pub fn answer(&self, reply: impl FnMut(&Webhook, usize) -> u16 + Send + 'static) {
        *self.inbox.reply.lock().unwrap() = Box::new(reply);
    }

    /// Adds this header to every answer from now on.
    pub fn answer_header(&self, name: &'static str, value: &str) {
        let mut headers = self.inbox.answer_headers.lock().unwrap();
        headers.insert(name, value.parse().expect("a header's value"));
    }

    /// Holds back the answer to the next webhook until what this returns is dropped.
    #[must_use]
    pub fn hold_next(&self) -> oneshot::Sender<()> {
        let (release, held) = oneshot::channel();
        *self.inbox.held.lock().unwrap() = Some(held);
        release
    }

    /// Everything that came, in order.
    #[must_use]
    pub fn webhooks(&self) -> Vec<Webhook> {
        self.inbox.webhooks.lock().unwrap().clone()
    }

    /// What came about the job `id`.
    #[must_use]
    pub fn about(&self, id: &str) -> Vec<Webhook> {
        self.webhooks().into_iter().filter(|webhook| webhook.json()["job_id"] == id).collect()
    }

    /// Resolves when at least one more webhook has come since this began to wait.
    pub async fn next(&self) {
        let _ = self.inbox.arrived.subscribe().changed().await;
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn receive(
    State(inbox): State<Arc<Inbox>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap) {
    let held = inbox.held.lock().unwrap().take();
    let answer = inbox.take(&uri, headers, body);
    if let Some(held) = held {
        let _ = held.await;
    }
    answer
}

impl Inbox {
    /// Keeps a webhook; the answer to it.
    fn take(&self, uri: &Uri, headers: HeaderMap, body: Bytes) -> (StatusCode, HeaderMap) {
        let at = self.clock.now();
        let mut webhook = Webhook { path: uri.path().to_owned(), headers, body, at, answered: 0 };
        let mut webhooks = self.webhooks.lock().unwrap();
        let before = {
            let mut counts = self.counts.lock().unwrap();
            let count = counts.entry(webhook.id().to_owned()).or_default();
            *count += 1;
            *count - 1
        };
        webhook.answered = (self.reply.lock().unwrap())(&webhook, before);
        let status = StatusCode::from_u16(webhook.answered).unwrap();
        webhooks.push(webhook);
        self.arrived.send_modify(|count| *count += 1);
        (status, self.answer_headers.lock().unwrap().clone())
    }
}

impl Webhook {
    /// The header `name`, empty if it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Its id, the same over all attempts.
    #[must_use]
    pub fn id(&self) -> &str {
        self.header(standard_webhooks::ID_HEADER)
    }

    /// Its body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a webhook's body is JSON")
    }

    /// Whether both of its signatures are right, as of when it came.
    pub fn verify(&self, secret: &str) -> Result<(), Unverified> {
        let secret = Secret::new(secret);
        let get = |name| self.headers.get(name).and_then(|value| value.to_str().ok());
        let headers = standard_webhooks::Headers::find(get)?;
        let secrets = std::slice::from_ref(&secret);
        standard_webhooks::verify(&headers, secrets, self.at, &self.body)?;
        hex_hmac::verify(&secret, &self.body, self.header(hex_hmac::SIGNATURE_HEADER))
    }
}
