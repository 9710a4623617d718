//! Identifiers: a prefix and a UUID. Those created here sort by time, derived ones are hashes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::event_key::EventKey;
use crate::webhook::Receiver;
use crate::{EventType, InvalidField, OwnerId, Timestamp};

/// Maximum length of an id from outside, in bytes: it becomes part of a table key.
const MAX_LENGTH: usize = 80;

/// Implements the text form of an id: `as_str` and `Display`; given its prefix and the field of
/// its error, `FromStr` too.
macro_rules! text_id {
    ($id:ident) => {
        impl $id {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $id {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
    ($id:ident, $prefix:literal, $max_length:expr, $field:literal, $message:literal) => {
        text_id!($id);

        impl std::str::FromStr for $id {
            type Err = InvalidField;

            fn from_str(text: &str) -> Result<Self, InvalidField> {
                let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
                if !text.starts_with($prefix)
                    || text.len() > $max_length
                    || !text.chars().all(plain)
                {
                    return Err(InvalidField::new($field, $message));
                }
                Ok(Self(text.to_owned()))
            }
        }
    };
}
pub(crate) use text_id;

/// Implements the ids that we make: `$kind` is hashed into those that earlier versions derived.
macro_rules! made_id {
    ($id:ident, $prefix:literal, $kind:literal) => {
        impl $id {
            /// A new id, which sorts after those created before `now`.
            pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
                Self(crate::id::sortable($prefix, now, random))
            }

            /// The id that an idempotency key stands for, by its MAC.
            pub fn keyed(mac: [u8; 32]) -> Self {
                Self(crate::id::of_digest($prefix, mac))
            }

            /// The id that earlier versions gave to `owner`'s idempotency key: without a secret.
            /// `generation` counts how often that key has expired (after 24 h) and been used again.
            pub fn unkeyed(owner: &OwnerId, key: &str, generation: u32) -> Self {
                let generation = generation.to_string();
                Self(crate::id::derived($prefix, &[$kind, owner.as_str(), key, &generation]))
            }
        }
    };
}
pub(crate) use made_id;

/// Reads and writes an id in JSON as its text.
macro_rules! json_text {
    ($id:ident) => {
        impl serde::Serialize for $id {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $id {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use json_text;

/// A job. Its text is `job_` and a UUID; a step's names its project and scene.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(String);

text_id!(JobId);
made_id!(JobId, "job_", "idempotency");

impl JobId {
    /// The id with this text, which must satisfy [`JobId::from_str`].
    pub(crate) const fn from_text(text: String) -> Self {
        Self(text)
    }
}

impl FromStr for JobId {
    type Err = InvalidField;

    /// Accepts any short token: RunPod worker callbacks may name a job `test_123`.
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

text_id!(TaskId);

impl FromStr for TaskId {
    type Err = InvalidField;

    /// Accepts what is safe as a segment of a URL's path, up to 512 bytes: some providers encode
    /// what they route by into the id.
    fn from_str(text: &str) -> Result<Self, InvalidField> {
        let is_plain =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '=' | '~');
        let is_dots = text.chars().all(|c| c == '.');
        if is_dots || text.len() > 512 || !text.chars().all(is_plain) {
            let message = "must be made of letters, digits, -, _, ., :, = and ~ alone";
            return Err(InvalidField::new("task_id", message));
        }
        Ok(Self(text.to_owned()))
    }
}

/// An outgoing webhook. Receivers see it as `webhook-id`, the same for all attempts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(String);

text_id!(MessageId, "msg_", MAX_LENGTH, "delivery", "must be a delivery id, like msg_0190…");

impl MessageId {
    /// The id of the webhook that sends the event `key` of type `event` to `receiver`. It is
    /// derived from the three alone, so an event that is processed twice is one webhook.
    pub fn for_event(key: &EventKey, event: EventType, receiver: &Receiver) -> Self {
        Self(derived("msg_", &["message", &key.to_string(), event.as_str(), &receiver.key()]))
    }
}

/// A webhook endpoint. Its text is `ep_` and a UUID.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EndpointId(String);

text_id!(EndpointId, "ep_", MAX_LENGTH, "endpoint", "must be an endpoint id, like ep_0190…");
made_id!(EndpointId, "ep_", "endpoint");

/// The number of a job's attempt: how often it has been dispatched. It is the fence: a callback
/// with a lower number than the job's comes from a superseded attempt.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Attempt(pub u32);

impl Attempt {
    /// Whether it stands for no attempt at all.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference to the field")]
    pub const fn is_none(&self) -> bool {
        self.0 == 0
    }

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

/// `prefix` and a UUID of version 7, so that ids sort by time.
pub(crate) fn sortable(prefix: &str, now: Timestamp, random: [u8; 10]) -> String {
    let milliseconds = u64::try_from(now.as_millis()).unwrap_or(0);
    let uuid = uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid();
    format!("{prefix}{}", uuid.simple())
}

/// `prefix` and a UUID derived from `parts`. Lengths are hashed too, so different lists never give
/// the same input.
pub(crate) fn derived(prefix: &str, parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    of_digest(prefix, hash.finalize().into())
}

/// `prefix` and a UUID of the first half of `digest`.
pub(crate) fn of_digest(prefix: &str, digest: [u8; 32]) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    format!("{prefix}{}", uuid::Builder::from_custom_bytes(bytes).into_uuid().simple())
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
    fn idempotency_key_stands_for_one_id_of_one_owner() {
        let id =
            |owner: &str, key, generation| JobId::unkeyed(&OwnerId::new(owner), key, generation);
        assert_eq!(id("a", "key", 0), id("a", "key", 0));
        assert_ne!(id("a", "key", 0), id("b", "key", 0));
        assert_ne!(id("a", "key", 0), id("a", "key", 1));
        assert_ne!(id("ab", "c", 0), id("a", "bc", 0));
    }

    #[test]
    fn a_task_is_named_as_its_provider_likes_but_stays_one_segment_of_a_path() {
        for text in ["17", "c80f-u1", "sync-1-e2", "video_bGl0=", "a.b:c~d", &"x".repeat(512)] {
            assert!(text.parse::<TaskId>().is_ok(), "{text}");
        }
        for text in ["", ".", "..", "a/b", "a?b", "a#b", "a%2Fb", "a b", &"x".repeat(513)] {
            assert!(text.parse::<TaskId>().is_err(), "{text}");
        }
    }

    #[test]
    fn refuses_characters_that_could_escape_a_table_key() {
        for text in ["", "a/b", "a#b", "a b", &"x".repeat(81)] {
            assert!(text.parse::<JobId>().is_err(), "{text}");
        }
        assert!("test_123".parse::<JobId>().is_ok());
    }
}
