//! Identifiers: prefixed, sortable by time where we choose them, and never plain text in code.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{EventType, InvalidField, OwnerId, Timestamp};

/// Longest identifier accepted from outside, in bytes: it becomes part of a table key.
const MAX_LENGTH: usize = 80;

/// A job. Its text is `job_` and a UUID.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(String);

impl JobId {
    /// A new id (version 7 UUID), which sorts after those made before `now`.
    #[must_use]
    pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
        let milliseconds = u64::try_from(now.as_millis()).unwrap_or(0);
        let uuid = uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid();
        Self(format!("job_{}", uuid.simple()))
    }

    /// The id that `owner`'s idempotency key stands for. `generation` counts how often that
    /// key has run out (it is kept 24 h) and been used again.
    #[must_use]
    pub fn for_idempotency_key(owner: &OwnerId, key: &str, generation: u32) -> Self {
        let uuid = hashed(&["idempotency", owner.as_str(), key, &generation.to_string()]);
        Self(format!("job_{}", uuid.simple()))
    }

    /// The id with this text, which must be a short token of plain characters.
    pub(crate) const fn from_text(text: String) -> Self {
        Self(text)
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for JobId {
    type Err = InvalidField;

    /// Takes any short token, as providers and seed documents write them (`test_123`).
    fn from_str(text: &str) -> Result<Self, InvalidField> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if text.is_empty() || text.len() > MAX_LENGTH || !text.chars().all(plain) {
            return Err(InvalidField::new("job_id", "must be a job id, like job_0190…"));
        }
        Ok(Self(text.to_owned()))
    }
}

/// A provider's unit of work, as the provider calls it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(String);

impl TaskId {
    /// Longest id accepted, in bytes.
    const MAX_LENGTH: usize = 128;

    /// The id as text, which is safe as a segment of a URL's path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TaskId {
    type Err = InvalidField;

    fn from_str(text: &str) -> Result<Self, InvalidField> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if text.is_empty() || text.len() > Self::MAX_LENGTH || !text.chars().all(plain) {
            let message = "must be made of letters, digits, - and _ alone";
            return Err(InvalidField::new("task_id", message));
        }
        Ok(Self(text.to_owned()))
    }
}

/// One webhook out. The receiver sees it as `webhook-id`, the same over all retries.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(String);

impl MessageId {
    /// The id of the webhook that tells `receiver` of `event` of `subject`: a job's id, or what
    /// else names the occurrence. It follows from the three alone, so work done twice speaks
    /// of one and the same webhook.
    #[must_use]
    pub fn for_event(subject: &str, event: EventType, receiver: &str) -> Self {
        let uuid = hashed(&["message", subject, event.as_str(), receiver]);
        Self(format!("msg_{}", uuid.simple()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for MessageId {
    type Err = InvalidField;

    fn from_str(text: &str) -> Result<Self, InvalidField> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !text.starts_with("msg_") || text.len() > MAX_LENGTH || !text.chars().all(plain) {
            return Err(InvalidField::new("delivery", "must be a delivery id, like msg_0190…"));
        }
        Ok(Self(text.to_owned()))
    }
}

/// A webhook endpoint. Its text is `ep_` and a UUID.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EndpointId(String);

impl EndpointId {
    /// A new id, which sorts after those made before `now`.
    #[must_use]
    pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
        let milliseconds = u64::try_from(now.as_millis()).unwrap_or(0);
        let uuid = uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid();
        Self(format!("ep_{}", uuid.simple()))
    }

    /// The id that `owner`'s idempotency key stands for, in its `generation`, as for a job.
    #[must_use]
    pub fn for_idempotency_key(owner: &OwnerId, key: &str, generation: u32) -> Self {
        let uuid = hashed(&["endpoint", owner.as_str(), key, &generation.to_string()]);
        Self(format!("ep_{}", uuid.simple()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EndpointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for EndpointId {
    type Err = InvalidField;

    fn from_str(text: &str) -> Result<Self, InvalidField> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !text.starts_with("ep_") || text.len() > MAX_LENGTH || !text.chars().all(plain) {
            return Err(InvalidField::new("endpoint", "must be an endpoint id, like ep_0190…"));
        }
        Ok(Self(text.to_owned()))
    }
}

/// How often a job has been dispatched. It fences: a callback that names an earlier attempt
/// than the job's own comes from a provider task that no longer counts.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Attempt(pub u32);

impl Attempt {
    /// The attempt after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A UUID that follows from `parts`; lengths are hashed too, so no two lists run together.
pub(crate) fn hashed(parts: &[&str]) -> Uuid {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_ids_sort_by_time() {
        let id = |ms| JobId::new(Timestamp::from_millis(ms), [7; 10]);
        assert!(id(1_700_000_000_000) < id(1_700_000_000_001));
    }

    #[test]
    fn an_idempotency_key_stands_for_one_id_of_one_owner() {
        let id = |owner: &str, key, generation| {
            JobId::for_idempotency_key(&OwnerId::new(owner), key, generation)
        };
        assert_eq!(id("a", "key", 0), id("a", "key", 0));
        assert_ne!(id("a", "key", 0), id("b", "key", 0));
        assert_ne!(id("a", "key", 0), id("a", "key", 1));
        assert_ne!(id("ab", "c", 0), id("a", "bc", 0));
    }

    #[test]
    fn refuses_what_could_leave_its_key() {
        for text in ["", "a/b", "a#b", "a b", &"x".repeat(81)] {
            assert!(text.parse::<JobId>().is_err(), "{text}");
        }
        assert!("test_123".parse::<JobId>().is_ok());
    }
}
