//! The open connections: what API Gateway knows of each, and what is on its way to its client.
//!
//! A client that reads slowly has so many bytes waiting for it and no more; a message beyond that is
//! refused to its sender, and no other connection waits.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use axum::http::header::{HOST, HeaderName, USER_AGENT};
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use domain::Timestamp;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_tungstenite::tungstenite::{Bytes, Message, Utf8Bytes};
use tokio_util::sync::CancellationToken;

use crate::lock::lock;

/// Largest message, in bytes, to a client and from it.
pub(super) const MAX_MESSAGE: usize = 128 * 1024;
/// How many bytes wait for one client beside those that the kernel holds. AWS does not say how many it
/// keeps; the largest message must fit.
const WAITING: usize = 256 * 1024;
/// What a message costs besides its bytes, so that small ones are bounded too.
const PER_MESSAGE: usize = 128;

/// Who is connected, since when.
#[derive(Debug, Clone)]
pub struct Peer {
    /// The connection's id.
    pub id: String,
    /// The stage through which it came.
    pub stage: String,
    /// The host that the client named.
    pub domain: String,
    /// The client's address.
    pub source: IpAddr,
    /// The client's program, if it said.
    pub user_agent: Option<String>,
    /// When it was connected.
    pub connected_at: Timestamp,
}

impl Peer {
    /// The sender of a request to become a connection, with a new id.
    pub(super) fn of(parts: &Parts, source: IpAddr, stage: &str, now: Timestamp) -> Self {
        let text = |name: HeaderName| Some(parts.headers.get(name)?.to_str().ok()?.to_owned());
        Self {
            // As AWS's: 16 characters, of which the last must be escaped in a path.
            id: URL_SAFE.encode(runtime::random::bytes::<11>()),
            stage: stage.to_owned(),
            domain: text(HOST).unwrap_or_default(),
            source,
            user_agent: text(USER_AGENT),
            connected_at: now,
        }
    }
}

/// Why a message is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PostError {
    /// There is no such connection any more.
    Gone,
    /// It came through another stage.
    OtherStage,
    /// The message is larger than 128 KB.
    TooLarge,
    /// So much waits for the client already.
    Full,
}

/// Every open connection.
#[derive(Debug, Default)]
pub struct Connections {
    open: Mutex<HashMap<String, Arc<Connection>>>,
    closed: Notify,
    /// How many are served, also after they were closed: until `$disconnect` is done.
    served: Mutex<usize>,
}

/// An open connection.
#[derive(Debug)]
struct Connection {
    peer: Peer,
    last_active: AtomicI64,
    outgoing: mpsc::UnboundedSender<Waiting>,
    /// The bytes that may still wait.
    room: Arc<Semaphore>,
    /// Ends it.
    deleted: CancellationToken,
}

/// A message that waits for its client, with its share of the room.
#[derive(Debug)]
struct Waiting(Message, OwnedSemaphorePermit);

/// What waits for a client, oldest first.
#[derive(Debug)]
pub(crate) struct Outgoing(mpsc::UnboundedReceiver<Waiting>);

/// Keeps a connection among the open ones; when dropped, it is gone.
#[derive(Debug)]
pub(crate) struct Opened {
    all: Arc<Connections>,
    connection: Arc<Connection>,
}

impl Connections {
    /// Opens the connection of `peer`.
    pub(crate) fn open(self: &Arc<Self>, peer: Peer) -> (Opened, Outgoing) {
        let (outgoing, waiting) = mpsc::unbounded_channel();
        let connection = Arc::new(Connection {
            last_active: AtomicI64::new(peer.connected_at.as_millis()),
            peer,
            outgoing,
            room: Arc::new(Semaphore::new(WAITING)),
            deleted: CancellationToken::new(),
        });
        *lock(&self.served) += 1;
        lock(&self.open).insert(connection.peer.id.clone(), Arc::clone(&connection));
        (Opened { all: Arc::clone(self), connection }, Outgoing(waiting))
    }

    /// Sends `bytes` to the connection `id`, if a request through `stage` may.
    pub fn post(&self, stage: Option<&str>, id: &str, bytes: Bytes) -> Result<(), PostError> {
        self.find(stage, id)?.send(bytes)
    }

    /// Who the connection `id` is of, and when something was last sent by it or to it.
    pub fn get(&self, stage: Option<&str>, id: &str) -> Result<(Peer, Timestamp), PostError> {
        let found = self.find(stage, id)?;
        Ok((found.peer.clone(), found.last_active()))
    }

    /// Ends the connection `id`.
    pub fn delete(&self, stage: Option<&str>, id: &str) -> Result<(), PostError> {
        let found = self.find(stage, id)?;
        lock(&self.open).remove(id);
        found.deleted.cancel();
        Ok(())
    }

    /// How many are open.
    pub fn count(&self) -> usize {
        lock(&self.open).len()
    }

    /// How many bytes wait for clients of open connections, besides those that kernels hold.
    pub fn waiting(&self) -> usize {
        let open = lock(&self.open);
        open.values().map(|connection| WAITING - connection.room.available_permits()).sum()
    }

    /// Resolves when none is served any more.
    pub async fn ended(&self) {
        loop {
            let closed = self.closed.notified();
            if *lock(&self.served) == 0 {
                return;
            }
            closed.await;
        }
    }

    fn find(&self, stage: Option<&str>, id: &str) -> Result<Arc<Connection>, PostError> {
        let found = lock(&self.open).get(id).cloned().ok_or(PostError::Gone)?;
        let is_of = stage.is_none_or(|stage| stage == found.peer.stage);
        if is_of { Ok(found) } else { Err(PostError::OtherStage) }
    }
}

impl Connection {
    fn send(&self, bytes: Bytes) -> Result<(), PostError> {
        if bytes.len() > MAX_MESSAGE {
            return Err(PostError::TooLarge);
        }
        let cost = u32::try_from(bytes.len() + PER_MESSAGE).map_err(|_| PostError::TooLarge)?;
        let room = Arc::clone(&self.room).try_acquire_many_owned(cost);
        let room = room.map_err(|_| PostError::Full)?;
        let message = Utf8Bytes::try_from(bytes.clone())
            .map_or_else(|_| Message::Binary(bytes), Message::Text);
        self.outgoing.send(Waiting(message, room)).map_err(|_| PostError::Gone)
    }

    fn last_active(&self) -> Timestamp {
        Timestamp::from_millis(self.last_active.load(Ordering::Relaxed))
    }
}

impl Outgoing {
    /// The next message; its room is given back when the second part is dropped.
    pub async fn next(&mut self) -> Option<(Message, OwnedSemaphorePermit)> {
        self.0.recv().await.map(|Waiting(message, room)| (message, room))
    }
}

impl Opened {
    /// Who it is of.
    pub fn peer(&self) -> &Peer {
        &self.connection.peer
    }

    /// Sends a message of API Gateway's own, if there is room for it.
    pub fn send(&self, text: String) {
        let _ = self.connection.send(text.into());
    }

    /// Notes that something was sent at `now`, by it or to it.
    pub fn touch(&self, now: Timestamp) {
        self.connection.last_active.fetch_max(now.as_millis(), Ordering::Relaxed);
    }

    /// When something was last sent.
    pub fn last_active(&self) -> Timestamp {
        self.connection.last_active()
    }

    /// Resolves when it is to end.
    pub async fn deleted(&self) {
        self.connection.deleted.cancelled().await;
    }

    /// Takes it from the open ones: whoever sends to it now finds it gone.
    pub fn close(&self) {
        lock(&self.all.open).remove(&self.connection.peer.id);
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.close();
        *lock(&self.all.served) -= 1;
        self.all.closed.notify_waiters();
    }
}
