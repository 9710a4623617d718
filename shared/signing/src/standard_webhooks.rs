//! Standard Webhooks 1.0, symmetric (`v1`): on our webhooks and those of providers that use it.
//!
//! The signed content is `{id}.{timestamp}.{body}`. Neither id nor timestamp may contain a dot, or
//! two different webhooks could have the same content.

use base64::Engine;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::STANDARD;
use domain::{Secret, Timestamp};

use crate::mac::{equal, hmac_sha256};
use crate::{InvalidSecret, Unverified};

/// Header of the message's id, the same on every retry.
pub const ID_HEADER: &str = "webhook-id";
/// Header of the time of signing, in seconds since the Unix epoch.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// Header of the signatures, separated by spaces.
pub const SIGNATURE_HEADER: &str = "webhook-signature";
/// The prefix of a secret.
pub const SECRET_PREFIX: &str = "whsec_";
/// Maximum difference between the time of signing and now, either way, in seconds.
pub const TOLERANCE_SECONDS: i64 = 300;

const VERSION: &str = "v1";
/// Writes padding, as the standard's own libraries do, and reads secrets with or without it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    base64::engine::GeneralPurposeConfig::new()
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
);

/// The three headers of a received webhook.
#[derive(Debug, Clone, Copy)]
pub struct Headers<'a> {
    /// `webhook-id`
    pub id: &'a str,
    /// `webhook-timestamp`
    pub timestamp: &'a str,
    /// `webhook-signature`
    pub signature: &'a str,
}

impl<'a> Headers<'a> {
    /// Reads the three with `get`, which is called with names in lower case.
    pub fn find(get: impl Fn(&'static str) -> Option<&'a str>) -> Result<Self, Unverified> {
        let find = |name| get(name).ok_or(Unverified::MissingHeader(name));
        Ok(Self {
            id: find(ID_HEADER)?,
            timestamp: find(TIMESTAMP_HEADER)?,
            signature: find(SIGNATURE_HEADER)?,
        })
    }
}

/// The value of `webhook-signature` for a webhook sent `now`: one signature for each of
/// `secrets`, so that a receiver with an older secret can verify it too.
///
/// `webhook-timestamp` must be `now` in whole seconds, and `id` must hold no dot.
pub fn sign(
    secrets: &[Secret],
    id: &str,
    now: Timestamp,
    body: &[u8],
) -> Result<String, InvalidSecret> {
    if secrets.is_empty() {
        return Err(InvalidSecret::Missing);
    }
    let timestamp = now.as_seconds().to_string();
    let signatures: Result<Vec<_>, _> =
        secrets.iter().map(|secret| signature(secret, id, &timestamp, body)).collect();
    Ok(signatures?.join(" "))
}

/// Checks that `body` was signed with one of `secrets`, within the tolerance of `now`. Signatures
/// of other versions are ignored.
pub fn verify(
    headers: &Headers<'_>,
    secrets: &[Secret],
    now: Timestamp,
    body: &[u8],
) -> Result<(), Unverified> {
    if secrets.is_empty() {
        return Err(InvalidSecret::Missing.into());
    }
    check_headers(headers, now)?;
    for secret in secrets {
        let expected = signature(secret, headers.id, headers.timestamp, body)?;
        let matches = |presented: &str| equal(presented.as_bytes(), expected.as_bytes());
        if headers.signature.split(' ').any(matches) {
            return Ok(());
        }
    }
    Err(Unverified::NoMatch)
}

/// The text of a secret made of `bytes`, which should be 24 to 64 random ones.
pub fn encode_secret(bytes: &[u8]) -> Secret {
    Secret::new(format!("{SECRET_PREFIX}{}", STANDARD.encode(bytes)))
}

/// The checks of id and time, which both versions share.
pub(crate) fn check_headers(headers: &Headers<'_>, now: Timestamp) -> Result<(), Unverified> {
    if headers.id.is_empty() || headers.id.contains('.') {
        return Err(Unverified::MalformedHeader(ID_HEADER));
    }
    check_time(headers.timestamp, now)
}

fn check_time(timestamp: &str, now: Timestamp) -> Result<(), Unverified> {
    let malformed = Unverified::MalformedHeader(TIMESTAMP_HEADER);
    if !timestamp.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(malformed);
    }
    let signed: i64 = timestamp.parse().map_err(|_| malformed)?;
    match now.as_seconds().saturating_sub(signed) {
        age if age > TOLERANCE_SECONDS => Err(Unverified::TooOld),
        age if age < -TOLERANCE_SECONDS => Err(Unverified::TooNew),
        _ => Ok(()),
    }
}

fn signature(
    secret: &Secret,
    id: &str,
    timestamp: &str,
    body: &[u8],
) -> Result<String, InvalidSecret> {
    let key = decode_secret(secret)?;
    let parts = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
    Ok(format!("{VERSION},{}", STANDARD.encode(hmac_sha256(&key, parts))))
}

fn decode_secret(secret: &Secret) -> Result<Vec<u8>, InvalidSecret> {
    let text = secret.expose();
    if text.is_empty() {
        return Err(InvalidSecret::Missing);
    }
    let base64 = text.strip_prefix(SECRET_PREFIX).ok_or(InvalidSecret::Encoding)?;
    let key = BASE64.decode(base64).map_err(|_| InvalidSecret::Encoding)?;
    if (24..=64).contains(&key.len()) { Ok(key) } else { Err(InvalidSecret::Length(key.len())) }
}

#[cfg(test)]
#[path = "standard_webhooks_tests.rs"]
mod tests;
