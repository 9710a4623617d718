//! What is stored of an outgoing webhook: itself, its status, and each attempt.

use std::net::SocketAddr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use serde_with_macros::skip_serializing_none;

use crate::job::is_zero;
use crate::webhook::{Receiver, Stored, Webhook};
use crate::{Timestamp, named};

/// Most attempts that are kept of one delivery.
const ATTEMPTS_KEPT: usize = 100;
/// Most bytes that are kept of all answers to one delivery: those of a whole schedule, each as
/// long as can be and in base64. An item of the table takes 400 KB.
const ANSWER_BYTES_KEPT: usize = 256 * 1024;

/// An outgoing webhook as it is stored from its first attempt on, or since it had to wait for one.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The webhook. Its body is empty where it can be made again from its job.
    #[serde(flatten, with = "Stored")]
    pub webhook: Webhook,
    /// Its status.
    pub status: DeliveryStatus,
    /// Why it was discarded, if it was.
    pub reason: Option<DiscardReason>,
    /// When it will be tried again.
    pub next_attempt_at: Option<Timestamp>,
    /// How many attempts have been made in all. It is a fence: a message with a lower number asks
    /// for an attempt that has been made.
    pub attempts_made: u32,
    /// How often it has been replayed. Always stored, since writes are conditional on it.
    #[serde(default)]
    pub replays: u32,
    /// How many attempts had been made when it was last replayed: from there its schedule starts
    /// again.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempts_before_replay: u32,
    /// When it was last replayed.
    pub replayed_at: Option<Timestamp>,
    /// SHA-256 of its last replay's idempotency key, so that a repeated request replays it once.
    pub replay_mark: Option<String>,
    /// When its owner erased what it is about: since then it has neither a body nor answers, nor
    /// the URL that was given with its job.
    pub erased_at: Option<Timestamp>,
    /// How each attempt went, the first one first; of very many, the last ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<DeliveryAttempt>,
}

impl Delivery {
    /// The delivery of `webhook` before its first attempt. The body of a job's end is not kept:
    /// a job that has ended does not change, so it can be made again.
    pub fn pending(mut webhook: Webhook) -> Self {
        if webhook.event.ends_job() {
            webhook.body = String::new();
        }
        Self {
            webhook,
            status: DeliveryStatus::Pending,
            reason: None,
            next_attempt_at: None,
            attempts_made: 0,
            replays: 0,
            attempts_before_replay: 0,
            replayed_at: None,
            replay_mark: None,
            erased_at: None,
            attempts: Vec::new(),
        }
    }

    /// How many attempts have been made since the event, or since the last replay.
    pub const fn attempts_in_round(&self) -> u32 {
        self.attempts_made.saturating_sub(self.attempts_before_replay)
    }

    /// Erases what it says, and what its receiver has answered. What is left is when it was sent,
    /// and with which status codes.
    pub fn erase(&mut self, at: Timestamp) {
        self.erased_at = Some(at);
        self.webhook.body = String::new();
        if let Receiver::Url(url) = &mut self.webhook.receiver {
            url.clear();
        }
        for attempt in &mut self.attempts {
            attempt.answer = None;
        }
    }

    /// Whether it has content that a purge of its job or project may have missed, since it was
    /// recorded just now: a body, or a message that waits for its next attempt.
    pub const fn may_have_missed_a_purge(&self) -> bool {
        let has_content = !self.webhook.body.is_empty() || self.next_attempt_at.is_some();
        self.attempts_made <= 1 && self.erased_at.is_none() && has_content
    }

    /// Adds an attempt. Of a delivery with very many, the oldest attempts are dropped, and before
    /// them their answers, so that it stays small enough to be stored.
    pub fn push(&mut self, mut attempt: DeliveryAttempt) {
        self.attempts_made += 1;
        if self.erased_at.is_some() {
            attempt.answer = None;
        }
        self.attempts.push(attempt);
        let surplus = self.attempts.len().saturating_sub(ATTEMPTS_KEPT);
        self.attempts.drain(..surplus);
        let mut bytes = 0;
        for attempt in self.attempts.iter_mut().rev() {
            bytes += attempt.answer.as_ref().map_or(0, AnswerBody::stored_bytes);
            if bytes > ANSWER_BYTES_KEPT {
                attempt.answer = None;
            }
        }
    }

    /// Since when it is to arrive: since the event, or the last replay.
    pub fn waiting_since(&self) -> Timestamp {
        self.replayed_at.unwrap_or(self.webhook.occurred_at)
    }

    /// The status code of the last attempt, if it was answered.
    pub fn last_status_code(&self) -> Option<u16> {
        self.attempts.last()?.status_code
    }
}

named! {
    /// The status of a delivery.
    #[derive(Hash)]
    #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
    pub enum DeliveryStatus {
        /// It waits for its first attempt, or for the first one after a replay. It is stored and
        /// shown as `planned`, its earlier name.
        Pending = "planned",
        /// It failed and will be tried again.
        Retrying = "retrying",
        /// The receiver has answered 2xx.
        Delivered = "delivered",
        /// Its last attempt failed, and none follows.
        Exhausted = "exhausted",
        /// It was not sent, since its receiver does not exist any more.
        Discarded = "discarded",
    }
}

impl std::str::FromStr for DeliveryStatus {
    type Err = crate::InvalidField;

    fn from_str(text: &str) -> Result<Self, crate::InvalidField> {
        let text = if text == "pending" { "planned" } else { text };
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or_else(|| {
            let message =
                "must be planned (or pending), retrying, delivered, exhausted or discarded";
            crate::InvalidField::new("status", message)
        })
    }
}

/// Why a delivery was discarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DiscardReason {
    /// Its endpoint was deleted.
    EndpointDeleted,
    /// Its endpoint is disabled.
    EndpointDisabled,
    /// No notification service is configured any more.
    NoNotificationService,
    /// Its job or project was erased.
    Erased,
}

/// One attempt.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryAttempt {
    /// When it was made.
    pub at: Timestamp,
    /// The receiver's status code, if it answered.
    pub status_code: Option<u16>,
    /// How long it took, in milliseconds.
    pub latency_ms: u64,
    /// Why there was no answer.
    pub error: Option<String>,
    /// The body of the receiver's answer, if it has one.
    pub answer: Option<AnswerBody>,
    /// The address that was connected to.
    pub remote_address: Option<SocketAddr>,
}

impl DeliveryAttempt {
    /// An attempt at `at` without an answer.
    pub const fn unanswered(at: Timestamp, latency_ms: u64, error: String) -> Self {
        let error = Some(error);
        Self { at, status_code: None, latency_ms, error, answer: None, remote_address: None }
    }
}

/// The start of an answer's body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerBody {
    /// Its bytes, at most 16 KiB of them.
    #[serde(flatten)]
    pub content: AnswerContent,
    /// Whether there was more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
}

impl AnswerBody {
    /// Takes the start of a body, of which there was more if it is `truncated`.
    pub fn new(bytes: &[u8], truncated: bool) -> Option<Self> {
        if bytes.is_empty() && !truncated {
            return None;
        }
        let content = match std::str::from_utf8(bytes) {
            Ok(text) => AnswerContent::Text(text.to_owned()),
            // A character cut in two by the limit does not make it binary.
            Err(error) if truncated && error.error_len().is_none() => {
                let whole = &bytes[..error.valid_up_to()];
                AnswerContent::Text(String::from_utf8_lossy(whole).into_owned())
            }
            Err(_) => AnswerContent::Base64(BASE64_STANDARD.encode(bytes)),
        };
        Some(Self { content, truncated })
    }

    const fn stored_bytes(&self) -> usize {
        match &self.content {
            AnswerContent::Text(text) | AnswerContent::Base64(text) => text.len(),
        }
    }
}

/// An answer's bytes, as JSON can hold them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerContent {
    /// UTF-8.
    Text(String),
    /// Anything else, in base64.
    Base64(String),
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{EventType, OwnerId};

    fn webhook(event: EventType) -> Webhook {
        Webhook {
            id: "msg_0b4a".parse().unwrap(),
            owner: OwnerId::new("acme"),
            event,
            occurred_at: Timestamp::from_millis(1_767_225_600_123),
            job_id: None,
            project_id: None,
            receiver: Receiver::Url("https://a.example/hook?x=1".to_owned()),
            body: "{}".to_owned(),
        }
    }

    fn attempt(answer: Option<AnswerBody>) -> DeliveryAttempt {
        DeliveryAttempt {
            answer,
            ..DeliveryAttempt::unanswered(Timestamp::from_millis(0), 1, String::new())
        }
    }

    #[test]
    fn an_answer_is_text_where_it_can_be() {
        let content =
            |bytes: &[u8], truncated| AnswerBody::new(bytes, truncated).map(|a| a.content);
        assert_eq!(content(b"", false), None);
        assert_eq!(content("é".as_bytes(), false), Some(AnswerContent::Text("é".into())));
        assert_eq!(content(b"a\xc3", true), Some(AnswerContent::Text("a".into())));
        assert_eq!(content(b"a\xc3", false), Some(AnswerContent::Base64("YcM=".into())));
    }

    #[test]
    fn however_often_it_is_replayed_it_can_be_stored() {
        let mut delivery = Delivery::pending(webhook(EventType::EndpointTest));
        for _ in 0..300 {
            delivery.push(attempt(AnswerBody::new(&[0xff; 16 * 1024], true)));
        }
        assert_eq!((delivery.attempts_made, delivery.attempts.len()), (300, 100));
        assert!(delivery.attempts[99].answer.is_some() && delivery.attempts[89].answer.is_some());
        assert!(serde_json::to_string(&delivery).unwrap().len() < 380_000);
    }

    #[test]
    fn a_status_is_stored_as_it_is_named() {
        for status in DeliveryStatus::ALL {
            assert_eq!(json!(status), status.as_str());
            assert_eq!(status.as_str().parse(), Ok(status));
        }
        assert_eq!("pending".parse(), Ok(DeliveryStatus::Pending));
    }

    /// As version 0.1.0 wrote and read it; `tests/` has an item with all members.
    #[test]
    fn an_item_keeps_its_names() {
        let stored = json!({
            "id": "msg_0b4a", "owner": "acme", "event": "job.completed",
            "receiver": { "url": "https://a.example/hook?x=1" }, "status": "planned",
            "created_at": 1_767_225_600_123_i64, "attempts_made": 0, "replays": 0,
        });
        let delivery = Delivery::pending(webhook(EventType::JobCompleted));
        assert_eq!(serde_json::to_value(&delivery).unwrap(), stored, "its body is not kept");
        assert_eq!(serde_json::from_value::<Delivery>(stored).unwrap(), delivery);
        let kept = Delivery::pending(webhook(EventType::JobStarted));
        assert_eq!(serde_json::to_value(&kept).unwrap()["body"], "{}");
    }
}
