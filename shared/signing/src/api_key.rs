//! API keys: how one is made, and what is kept of it.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Secret;
use sha2::{Digest, Sha256};

/// What every key begins with, so that people and secret scanners know one when they see it.
pub const PREFIX: &str = "hr_";

/// SHA-256 of a key, in hex: what is stored of it and what it is looked up by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ApiKeyHash(String);

impl ApiKeyHash {
    /// The hash as 64 digits of hex.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ApiKeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is no SHA-256 in hex.
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

/// The key that holds `random`, which must come from the system's random source.
#[must_use]
pub fn generate(random: [u8; 32]) -> Secret {
    Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random)))
}

/// The hash of a key as a client presents it.
///
/// One plain digest is right here, where a password would want a slow and salted one: a key
/// holds 256 random bits, so nobody finds it by trying, however fast a trial is, and no two
/// are alike. It also lets a key be found by its hash, with no comparison that leaks timing.
#[must_use]
pub fn hash(key: &str) -> ApiKeyHash {
    ApiKeyHash(hex::encode(Sha256::digest(key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_plain_and_long() {
        let key = generate([0xfb; 32]);
        assert_eq!(key.expose(), "hr_-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s");
    }

    /// From `printf hr_test | sha256sum`.
    #[test]
    fn kept_as_its_sha256() {
        assert_eq!(
            hash("hr_test").as_str(),
            "dcf187f37ca2c10f69655590cc061bbee1aa160362c25c308c5adcdda7a807f3"
        );
        assert_ne!(hash("hr_test"), hash("hr_test "));
        assert_eq!(hash("hr_test").as_str().parse(), Ok(hash("hr_test")));
        assert_eq!("hr_test".parse::<ApiKeyHash>(), Err(InvalidHash));
    }
}
