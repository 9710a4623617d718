//! A receiver that keeps webhooks and answers as configured.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{HeaderName, LOCATION};
use axum::http::{HeaderMap, StatusCode, Uri};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// A webhook as received.
pub struct Received {
    pub query: String,
    pub signature: Option<String>,
    pub headers: HeaderMap,
    pub raw: Bytes,
    pub body: Value,
}

/// The receiver.
pub struct Receiver {
    base_url: String,
    inbox: tokio::sync::Mutex<mpsc::UnboundedReceiver<Received>>,
    answers: Arc<Mutex<Vec<u16>>>,
}

type Shared = (mpsc::UnboundedSender<Received>, Arc<Mutex<Vec<u16>>>);

impl Receiver {
    pub async fn start() -> Self {
        let (sender, inbox) = mpsc::unbounded_channel();
        let answers = Arc::<Mutex<Vec<u16>>>::default();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(receive).with_state((sender, Arc::clone(&answers)));
        tokio::spawn(axum::serve(listener, router).into_future());
        Self { base_url, inbox: tokio::sync::Mutex::new(inbox), answers }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    /// The status codes of the next answers, the last one first; then 200. A redirect leads back here.
    pub fn answer_with(&self, last_first: &[u16]) {
        *self.answers.lock().unwrap() = last_first.to_vec();
    }

    pub async fn next(&self) -> Received {
        self.inbox.lock().await.recv().await.unwrap()
    }
}

async fn receive(
    State((inbox, answers)): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
    raw: Bytes,
) -> (StatusCode, [(HeaderName, &'static str); 1]) {
    let signature = headers.get("x-webhook-signature").map(|value| value.to_str().unwrap().into());
    let body = serde_json::from_slice(&raw).unwrap();
    let query = uri.query().unwrap_or_default().to_owned();
    inbox.send(Received { query, signature, headers, raw, body }).unwrap();
    let status = StatusCode::from_u16(answers.lock().unwrap().pop().unwrap_or(200)).unwrap();
    (status, [(LOCATION, "/elsewhere")])
}
