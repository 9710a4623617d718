//! What is kept of a webhook out: whom it is for, and how each attempt went.

use serde::{Deserialize, Serialize};

use crate::{EventType, JobId, MessageId, OwnerId, Timestamp};

/// A webhook out, as it is stored after its first attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its id, which the receiver sees as `webhook-id`.
    pub id: MessageId,
    /// Whose webhook it is.
    pub owner: OwnerId,
    /// The job it tells of.
    pub job_id: JobId,
    /// What it tells.
    pub event: EventType,
    /// Where it goes.
    pub url: String,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// When the event happened.
    pub created_at: Timestamp,
    /// When it will be tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<Timestamp>,
    /// How each attempt went, the first one first.
    pub attempts: Vec<DeliveryAttempt>,
}

impl Delivery {
    /// How many attempts have been made.
    #[must_use]
    pub fn attempt_count(&self) -> u32 {
        u32::try_from(self.attempts.len()).unwrap_or(u32::MAX)
    }

    /// Whether another attempt is to follow.
    #[must_use]
    pub fn is_retrying(&self) -> bool {
        self.status == DeliveryStatus::Retrying
    }

    /// The status code of the last attempt, if it was answered.
    #[must_use]
    pub fn last_status_code(&self) -> Option<u16> {
        self.attempts.last()?.status_code
    }
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// The receiver has answered 2xx.
    Delivered,
    /// It failed and will be tried again.
    Retrying,
    /// It failed for the last time.
    Exhausted,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryAttempt {
    /// When it was made.
    pub at: Timestamp,
    /// The receiver's status code, if it answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
    /// How long it took, in milliseconds.
    pub latency_ms: u64,
    /// Why there was no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
