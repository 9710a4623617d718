//! The receiver of the webhooks, as a client would write it: it accepts a webhook only if both
//! signatures match the body as received.

use std::collections::{BTreeMap, HashMap};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use domain::{Secret, Timestamp};
use signing::{hex_hmac, standard_webhooks};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::DemoError;
use crate::time::now;

/// A webhook as received.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub at: Timestamp,
    /// Its message id, the same in every attempt.
    pub id: String,
    pub body: Bytes,
}

/// The webhooks sent to one path.
pub(crate) type Inbox = mpsc::UnboundedReceiver<Result<Arrival, DemoError>>;

type Inboxes = HashMap<String, mpsc::UnboundedSender<Result<Arrival, DemoError>>>;

/// How often each webhook has come, by its message id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts(Arc<Mutex<BTreeMap<String, usize>>>);

impl Counts {
    /// They as they are now.
    pub fn now(&self) -> BTreeMap<String, usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn add(&self, id: &str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(id.to_owned()).or_default() += 1;
    }
}

/// The server of the receiver, which ends with the demo.
#[derive(Debug)]
pub(crate) struct Receiver {
    base_url: String,
    inboxes: HashMap<String, Inbox>,
    counts: Counts,
}

impl Receiver {
    /// Listens on a free port of 127.0.0.1, with an inbox for each of `paths`.
    pub async fn start(secret: Secret, paths: &[&str]) -> Result<Self, DemoError> {
        let (senders, inboxes) = paths.iter().map(|path| inbox(path)).unzip();
        let listening = async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            listener.local_addr().map(|address| (listener, address))
        };
        let (listener, address) = listening.await.map_err(|source| DemoError::Resource {
            what: "a port for the receiver".into(),
            source,
        })?;
        let counts = Counts::default();
        let shared = Arc::new((secret, senders, counts.clone()));
        let router = Router::new().fallback(receive).with_state(shared);
        tokio::spawn(axum::serve(listener, router).into_future());
        Ok(Self { base_url: format!("http://{address}"), inboxes, counts })
    }

    /// How often each webhook comes.
    pub fn counts(&self) -> Counts {
        self.counts.clone()
    }

    /// The URL and the inbox of `path`; the inbox can be taken once.
    pub fn take(&mut self, path: &str) -> Option<(String, Inbox)> {
        let inbox = self.inboxes.remove(path)?;
        Some((format!("{}/{path}", self.base_url), inbox))
    }
}

type Sender = mpsc::UnboundedSender<Result<Arrival, DemoError>>;

fn inbox(path: &str) -> ((String, Sender), (String, Inbox)) {
    let (sender, inbox) = mpsc::unbounded_channel();
    ((path.to_owned(), sender), (path.to_owned(), inbox))
}

async fn receive(
    State(shared): State<Arc<(Secret, Inboxes, Counts)>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let (secret, inboxes, counts) = &*shared;
    let Some(inbox) = inboxes.get(uri.path().trim_start_matches('/')) else {
        return StatusCode::NOT_FOUND;
    };
    let at = now();
    let result = verify(secret, &headers, &body, at).map(|id| Arrival { at, id, body });
    if let Ok(arrival) = &result {
        counts.add(&arrival.id);
    }
    let status = if result.is_ok() { StatusCode::NO_CONTENT } else { StatusCode::UNAUTHORIZED };
    // The inbox is closed after the last webhook that is waited for; a duplicate is only counted.
    let _ = inbox.send(result);
    status
}

/// Verifies both signatures; returns the message id.
fn verify(
    secret: &Secret,
    headers: &HeaderMap,
    body: &[u8],
    at: Timestamp,
) -> Result<String, DemoError> {
    let get = |name: &'static str| headers.get(name).and_then(|value| value.to_str().ok());
    let standard = standard_webhooks::Headers::find(get).and_then(|standard| {
        standard_webhooks::verify(&standard, std::slice::from_ref(secret), at, body)?;
        Ok(standard.id.to_owned())
    });
    let id = standard
        .map_err(|source| DemoError::BadSignature { scheme: "Standard Webhooks", source })?;
    let name = hex_hmac::SIGNATURE_HEADER;
    get(name)
        .ok_or(signing::Unverified::MissingHeader(name))
        .and_then(|presented| hex_hmac::verify(secret, body, presented))
        .map_err(|source| DemoError::BadSignature { scheme: "X-Webhook-Signature", source })?;
    Ok(id)
}
