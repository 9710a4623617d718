//! The healthy receiver of webhooks, which records their arrivals.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use domain::Timestamp;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::error::BenchError;
use crate::misbehaviour;

/// The arrival of a webhook, and its delay after its event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    pub(crate) at: Instant,
    pub(crate) after_event: Duration,
}

/// The receivers.
pub(crate) struct Receiver {
    url: String,
    /// The URLs of the misbehaving receivers.
    misbehaving_urls: Vec<String>,
    inbox: Arc<Inbox>,
}

struct Inbox {
    arrivals: Mutex<HashMap<String, Arrival>>,
    count: watch::Sender<usize>,
}

impl Receiver {
    /// Starts the healthy receiver, and the misbehaving ones if `misbehaving`.
    pub(crate) async fn start(misbehaving: bool) -> Result<Self, BenchError> {
        let inbox = Arc::new(Inbox { arrivals: Mutex::default(), count: watch::Sender::new(0) });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}/hook", listener.local_addr()?);
        let router = Router::new().route("/hook", post(receive)).with_state(Arc::clone(&inbox));
        tokio::spawn(async { axum::serve(listener, router).await });
        let misbehaving_urls = if misbehaving { misbehaviour::start().await? } else { Vec::new() };
        Ok(Self { url, misbehaving_urls, inbox })
    }

    /// All URLs, the healthy one first.
    pub(crate) fn urls(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.url).chain(&self.misbehaving_urls).map(String::as_str)
    }

    /// The index of the URL for the `nth` webhook: every fifth goes to a misbehaving receiver.
    pub(crate) fn target(&self, nth: usize) -> usize {
        let misbehaving_urls = self.misbehaving_urls.len();
        if misbehaving_urls > 0 && nth.is_multiple_of(5) {
            1 + nth / 5 % misbehaving_urls
        } else {
            0
        }
    }

    /// The number of webhooks that have arrived.
    pub(crate) fn count(&self) -> watch::Receiver<usize> {
        self.inbox.count.subscribe()
    }

    /// The first arrival of each webhook, by its job, or by its message id if it has no job.
    pub(crate) fn arrivals(&self) -> HashMap<String, Arrival> {
        self.inbox.arrivals.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn receive(State(inbox): State<Arc<Inbox>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let at = Instant::now();
    let Ok(body) = serde_json::from_slice::<Value>(&body) else { return StatusCode::BAD_REQUEST };
    let own_id = || headers.get("webhook-id").and_then(|id| id.to_str().ok());
    let Some(id) = body["job_id"].as_str().or_else(own_id) else { return StatusCode::BAD_REQUEST };
    let event: Option<Timestamp> = body["timestamp"].as_str().and_then(|text| text.parse().ok());
    let after_event = event.map_or(Duration::ZERO, |event| now().since(event));
    let mut arrivals = inbox.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
    arrivals.entry(id.to_owned()).or_insert(Arrival { at, after_event });
    inbox.count.send_replace(arrivals.len());
    StatusCode::NO_CONTENT
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
