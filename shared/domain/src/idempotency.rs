//! The check of a request against an earlier one under the same `Idempotency-Key`.

use crate::{Timestamp, limits};

/// A request under an idempotency key, as it is kept with what it made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedRequest {
    /// SHA-256 of what it asked for, hex.
    pub sha256: Option<String>,
    /// SHA-256 of the bytes that it came in, hex: what earlier versions kept.
    pub as_sent: Option<String>,
    /// When it was made.
    pub at: Timestamp,
}

/// The key stands for another request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyReused;

impl KeyedRequest {
    /// The request that is kept with what it made at `at`.
    pub fn kept(sha256: Option<&String>, at: Timestamp) -> Self {
        Self { sha256: sha256.cloned(), as_sent: None, at }
    }

    /// Whether this repeats `first`, the last request under its key. It does not where that key
    /// has expired: the key now stands for this request.
    pub fn repeats(&self, first: &Self) -> Result<bool, KeyReused> {
        let is_expired = self.at.since(first.at) >= limits::IDEMPOTENCY_WINDOW;
        let is_as_sent = self.as_sent.is_some() && self.as_sent == first.sha256;
        match self.sha256 == first.sha256 || is_as_sent {
            _ if is_expired => Ok(false),
            true => Ok(true),
            false => Err(KeyReused),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stands_for_one_request_for_24_hours() {
        let request = |sha256: &str, at| {
            KeyedRequest::kept(Some(&sha256.to_owned()), Timestamp::from_millis(at))
        };
        let first = request("a", 0);
        assert_eq!(request("a", 86_399_999).repeats(&first), Ok(true));
        assert_eq!(request("b", 86_399_999).repeats(&first), Err(KeyReused));
        for other in ["a", "b"] {
            assert_eq!(request(other, 86_400_000).repeats(&first), Ok(false));
        }
    }
}
