//! Receivers of webhooks: one that works, and three that do not.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use domain::Timestamp;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::error::BenchError;

/// When a webhook came, and how long after what it tells of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    pub(crate) at: Instant,
    pub(crate) after_event: Duration,
}

/// Where webhooks go.
pub(crate) struct Receiver {
    url: String,
    /// Addresses of those that misbehave.
    others: Vec<String>,
    inbox: Arc<Inbox>,
}

struct Inbox {
    arrivals: Mutex<HashMap<String, Arrival>>,
    count: watch::Sender<usize>,
}

impl Receiver {
    pub(crate) async fn start(misbehaving: bool) -> Result<Self, BenchError> {
        let inbox = Arc::new(Inbox { arrivals: Mutex::default(), count: watch::Sender::new(0) });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let base = format!("http://{}", listener.local_addr()?);
        let router = Router::new()
            .route("/hook", post(receive))
            .route("/hang", post(std::future::pending::<StatusCode>))
            .route("/fail", post(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
            .with_state(Arc::clone(&inbox));
        tokio::spawn(async { axum::serve(listener, router).await });
        // Nothing on this machine takes connections at port 9.
        let others = [format!("{base}/hang"), format!("{base}/fail"), "http://127.0.0.1:9/".into()];
        let others = if misbehaving { others.to_vec() } else { Vec::new() };
        Ok(Self { url: format!("{base}/hook"), others, inbox })
    }

    /// Where the `nth` job's webhook goes, and whether somebody there takes it.
    pub(crate) fn url(&self, nth: usize) -> (&str, bool) {
        match self.others.get(nth / 5 % self.others.len().max(1)) {
            Some(other) if nth.is_multiple_of(5) => (other, false),
            _ => (&self.url, true),
        }
    }

    /// How many jobs' webhooks have come.
    pub(crate) fn count(&self) -> watch::Receiver<usize> {
        self.inbox.count.subscribe()
    }

    /// The first arrival of each job's webhook.
    pub(crate) fn arrivals(&self) -> HashMap<String, Arrival> {
        self.inbox.arrivals.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn receive(State(inbox): State<Arc<Inbox>>, body: Bytes) -> StatusCode {
    let at = Instant::now();
    let Ok(body) = serde_json::from_slice::<Value>(&body) else { return StatusCode::BAD_REQUEST };
    let text = |member: &str| body[member].as_str().unwrap_or_default().to_owned();
    let event: Option<Timestamp> = text("timestamp").parse().ok();
    let after_event = event.map_or(Duration::ZERO, |event| now().since(event));
    let mut arrivals = inbox.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
    arrivals.entry(text("job_id")).or_insert(Arrival { at, after_event });
    inbox.count.send_replace(arrivals.len());
    StatusCode::NO_CONTENT
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
