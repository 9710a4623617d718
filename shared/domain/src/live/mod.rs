//! Live updates: WebSocket connections, the topics that they subscribe to, and the events that they
//! are sent.
//!
//! Each event of a job or a project has a sequence: a number in its item that the write of each change
//! that clients see increments by one. What an event says follows from the item as that write left it
//! ([`images`]), so nothing else is written for it.

pub mod event;
pub mod images;
pub mod topic;

use serde::{Deserialize, Serialize};

pub use event::{LiveEvent, LiveEventType, LiveJob, LiveProject};
pub use topic::Topic;

use crate::id::{json_text, text_id};
use crate::time::time_to_live;
use crate::{InvalidField, OwnerId, Timestamp};

/// The longest id of a connection. API Gateway's have 16 characters.
const CONNECTION_ID_BYTES: usize = 128;

/// A WebSocket connection, by API Gateway's id of it: Base64.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(String);

text_id!(ConnectionId);

impl std::str::FromStr for ConnectionId {
    type Err = InvalidField;

    fn from_str(text: &str) -> Result<Self, InvalidField> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-');
        if (1..=CONNECTION_ID_BYTES).contains(&text.len()) && text.chars().all(plain) {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidField::new("connection_id", "must be API Gateway's id of a connection"))
    }
}

json_text!(ConnectionId);

/// An open connection as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// Its owner.
    pub owner: OwnerId,
    /// The topics that its ticket allows; all of the owner's if it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed: Option<Vec<Topic>>,
    /// The topics that it subscribes to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<Topic>,
    /// When API Gateway closes it at the latest: the table's time to live.
    #[serde(default, with = "time_to_live")]
    pub expires_at: Option<Timestamp>,
}

impl Connection {
    /// Whether it may subscribe to `topic`.
    pub fn may(&self, topic: &Topic) -> bool {
        self.allowed.as_ref().is_none_or(|allowed| allowed.iter().any(|one| one.covers(topic)))
    }
}

/// A subscription of a connection to a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// The connection.
    pub connection: ConnectionId,
    /// When the connection ends at the latest.
    #[serde(default, with = "time_to_live")]
    pub expires_at: Option<Timestamp>,
}

/// What is stored of a ticket, with which a page opens one connection; the ticket itself is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketRecord {
    /// The owner.
    pub owner: OwnerId,
    /// The topics that it allows.
    pub topics: Vec<Topic>,
    /// Until when a connection can be opened with it.
    pub valid_until: Timestamp,
}
