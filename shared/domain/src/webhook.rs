//! The outgoing webhook: one type in the queue's message and in the stored delivery.
//!
//! It is serialised in two forms, each embedded flat (`#[serde(flatten)]`) so that its members
//! lie beside those of the whole. The message has the names of [`Webhook`] itself. The item has
//! those of [`Stored`], a `#[serde(remote)]` view of the same type: there the time is called
//! `created_at`, and the body may be absent.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_with_macros::skip_serializing_none;
use sha2::{Digest, Sha256};

use crate::event_key::EventKey;
use crate::{EndpointId, EventType, JobId, MessageId, OwnerId, ProjectId, Timestamp};

/// Where a webhook goes. Its `Debug` shows no URL.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Receiver {
    /// The URL given with a job or a project.
    Url(String),
    /// An endpoint, whose URL and settings are read at each attempt.
    Endpoint(EndpointId),
    /// The operator's own notification service, which gets the ends of all projects.
    NotificationService,
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key())
    }
}

impl Receiver {
    /// What names the receiver where its text would be too long or would show too much: in ids,
    /// keys of the table and groups of a queue. URLs that differ in their query alone, as those
    /// of one client's jobs do, are one receiver: what is down is down for all of them.
    pub fn key(&self) -> String {
        match self {
            Self::Url(url) => destination(url),
            Self::Endpoint(id) => id.as_str().to_owned(),
            Self::NotificationService => "notification_service".to_owned(),
        }
    }

    /// The endpoint, if it is one.
    pub const fn endpoint(&self) -> Option<&EndpointId> {
        match self {
            Self::Url(_) | Self::NotificationService => None,
            Self::Endpoint(id) => Some(id),
        }
    }
}

/// What names the place that `url` leads to. URLs that differ in their query alone lead to one.
pub fn destination(url: &str) -> String {
    let place = url.split(['?', '#']).next().unwrap_or_default();
    format!("url_{}", hex::encode(&Sha256::digest(place)[..16]))
}

/// An event, which becomes a webhook for each of its receivers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What names it in message ids.
    pub key: EventKey,
    /// Its type.
    pub event: EventType,
    /// Whose it is.
    pub owner: OwnerId,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// The job it is about, if it is about one.
    pub job_id: Option<JobId>,
    /// The project it is about, if it is about one.
    pub project_id: Option<ProjectId>,
    /// The body of its webhooks.
    pub body: String,
}

impl Event {
    /// The webhook that sends it to `receiver`.
    pub fn addressed_to(&self, receiver: Receiver) -> Webhook {
        Webhook {
            id: MessageId::for_event(&self.key, self.event, &receiver),
            owner: self.owner.clone(),
            event: self.event,
            occurred_at: self.occurred_at,
            job_id: self.job_id.clone(),
            project_id: self.project_id.clone(),
            receiver,
            body: self.body.clone(),
        }
    }
}

/// An outgoing webhook. Its members are named as in the queue's message.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Its id, which the receiver sees as `webhook-id`, the same over all attempts.
    pub id: MessageId,
    /// Whose it is.
    pub owner: OwnerId,
    /// The type of the event.
    pub event: EventType,
    /// When that happened.
    pub occurred_at: Timestamp,
    /// The job it is about, if it is about one.
    pub job_id: Option<JobId>,
    /// The project it is about, if it is about one.
    pub project_id: Option<ProjectId>,
    /// Where it goes.
    pub receiver: Receiver,
    /// Its body, byte for byte the same over all attempts.
    pub body: String,
}

/// The members of a [`Webhook`] as a stored delivery names them.
#[skip_serializing_none]
#[derive(Serialize, Deserialize)]
#[serde(remote = "Webhook")]
pub(crate) struct Stored {
    id: MessageId,
    owner: OwnerId,
    event: EventType,
    #[serde(rename = "created_at")]
    occurred_at: Timestamp,
    job_id: Option<JobId>,
    project_id: Option<ProjectId>,
    receiver: Receiver,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    body: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_that_differ_in_their_query_are_one_receiver() {
        let key = |url: &str| Receiver::Url(url.to_owned()).key();
        assert_eq!(key("https://a.example/hook?job=1"), key("https://a.example/hook?job=2"));
        assert_ne!(key("https://a.example/hook"), key("https://a.example/other"));
        assert!(key(&format!("https://a.example/{}", "x".repeat(2000))).len() < 128);
    }
}
