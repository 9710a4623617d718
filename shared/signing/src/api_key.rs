//! API keys: generating one, and the hash that is stored of it.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Secret;
use sha2::{Digest, Sha256};

/// The prefix of every key, by which people and secret scanners recognise it.
pub const PREFIX: &str = "hr_";

/// SHA-256 of a key, in hex. It is stored instead of the key, which is looked up by it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ApiKeyHash(String);

impl ApiKeyHash {
    /// The hash as 64 digits of hex.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ApiKeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is not a SHA-256 in hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key's SHA-256 is 64 digits of hex, in lower case")]
pub struct InvalidHash;

impl FromStr for ApiKeyHash {
    type Err = InvalidHash;

    fn from_str(text: &str) -> Result<Self, InvalidHash> {
        let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let valid = text.len() == 64 && text.bytes().all(hex);
        if valid { Ok(Self(text.to_owned())) } else { Err(InvalidHash) }
    }
}

/// The key made of `random`, which must come from the system's random source.
pub fn generate(random: [u8; 32]) -> Secret {
    Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random)))
}

/// The hash of a key as a client presents it.
///
/// A plain digest is enough, where a password needs a slow and salted one: a key has 256 random
/// bits and cannot be found by trial. A key is found by its hash, so no comparison leaks timing.
pub fn hash(key: &str) -> ApiKeyHash {
    ApiKeyHash(hex::encode(Sha256::digest(key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_is_prefix_and_url_safe_base64() {
        let key = generate([0xfb; 32]);
        assert_eq!(key.expose(), "hr_-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s");
    }

    /// From `printf hr_test | sha256sum`.
    #[test]
    fn hash_is_sha256_in_hex() {
        assert_eq!(
            hash("hr_test").as_str(),
            "dcf187f37ca2c10f69655590cc061bbee1aa160362c25c308c5adcdda7a807f3"
        );
        assert_ne!(hash("hr_test"), hash("hr_test "));
        assert_eq!(hash("hr_test").as_str().parse(), Ok(hash("hr_test")));
        assert_eq!("hr_test".parse::<ApiKeyHash>(), Err(InvalidHash));
    }
}
