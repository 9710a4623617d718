//! Standard Webhooks 1.0, asymmetric (`v1a`): Ed25519 over the same content as `v1`, for receivers
//! that hold no secret.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::{Secret, Timestamp};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use crate::standard_webhooks::{Headers, check_headers};
use crate::{InvalidSecret, Unverified};

/// The prefix of a private key's text.
pub const PRIVATE_PREFIX: &str = "whsk_";
/// The prefix of a public key's text.
pub const PUBLIC_PREFIX: &str = "whpk_";

const VERSION: &str = "v1a,";

/// The signing key. Its `Debug` shows nothing.
#[derive(Clone)]
pub struct PrivateKey(SigningKey);

/// The key that receivers verify with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PrivateKey {
    /// The key derived from 32 unpredictable bytes.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// Parses a key's text: `whsk_` and base64 of seed and public key. The two must match, or
    /// signatures would reveal the seed.
    pub fn parse(text: &Secret) -> Result<Self, InvalidSecret> {
        let base64 = match text.expose() {
            "" => return Err(InvalidSecret::Missing),
            text => text.strip_prefix(PRIVATE_PREFIX).ok_or(InvalidSecret::Encoding)?,
        };
        let bytes = STANDARD.decode(base64).map_err(|_| InvalidSecret::Encoding)?;
        let pair: [u8; 64] = bytes.try_into().map_err(|_| InvalidSecret::Encoding)?;
        SigningKey::from_keypair_bytes(&pair).map(Self).map_err(|_| InvalidSecret::Encoding)
    }

    /// The public half.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PrivateKey(…)")
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{PUBLIC_PREFIX}{}", STANDARD.encode(self.0.as_bytes()))
    }
}

impl std::str::FromStr for PublicKey {
    type Err = InvalidSecret;

    fn from_str(text: &str) -> Result<Self, InvalidSecret> {
        let base64 = text.strip_prefix(PUBLIC_PREFIX).ok_or(InvalidSecret::Encoding)?;
        let bytes = STANDARD.decode(base64).map_err(|_| InvalidSecret::Encoding)?;
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| InvalidSecret::Encoding)?;
        VerifyingKey::from_bytes(&bytes).map(Self).map_err(|_| InvalidSecret::Encoding)
    }
}

/// The value of `webhook-signature` for a webhook sent `now`: one signature by each of `keys`.
///
/// `webhook-timestamp` must be `now` in whole seconds, and `id` must hold no dot.
pub fn sign(
    keys: &[PrivateKey],
    id: &str,
    now: Timestamp,
    body: &[u8],
) -> Result<String, InvalidSecret> {
    if keys.is_empty() {
        return Err(InvalidSecret::Missing);
    }
    let content = content(id, &now.as_seconds().to_string(), body);
    let signature =
        |key: &PrivateKey| format!("{VERSION}{}", STANDARD.encode(key.0.sign(&content).to_bytes()));
    Ok(keys.iter().map(signature).collect::<Vec<_>>().join(" "))
}

/// Checks that `body` was signed by one of `keys`, within the tolerance of `now`. Signatures of
/// other versions are ignored.
pub fn verify(
    headers: &Headers<'_>,
    keys: &[PublicKey],
    now: Timestamp,
    body: &[u8],
) -> Result<(), Unverified> {
    if keys.is_empty() {
        return Err(InvalidSecret::Missing.into());
    }
    check_headers(headers, now)?;
    let content = content(headers.id, headers.timestamp, body);
    let mut signatures = headers.signature.split(' ').filter_map(signature);
    let verified = signatures
        .any(|signature| keys.iter().any(|key| key.0.verify_strict(&content, &signature).is_ok()));
    if verified { Ok(()) } else { Err(Unverified::NoMatch) }
}

fn signature(entry: &str) -> Option<Signature> {
    let bytes = STANDARD.decode(entry.strip_prefix(VERSION)?).ok()?;
    Signature::from_slice(&bytes).ok()
}

fn content(id: &str, timestamp: &str, body: &[u8]) -> Vec<u8> {
    [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The standard's own test vector for `v1a`.
    const KEY: &str = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const TIMESTAMP: &str = "1614265330";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNED: &str = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";

    fn now() -> Timestamp {
        Timestamp::from_millis(1_614_265_330_000)
    }

    fn headers(signature: &str) -> Headers<'_> {
        Headers { id: ID, timestamp: TIMESTAMP, signature }
    }

    #[test]
    fn agrees_with_the_standard() {
        let key = PrivateKey::parse(&Secret::new(KEY)).unwrap();
        assert_eq!(sign(std::slice::from_ref(&key), ID, now(), BODY).unwrap(), SIGNED);
        let public = key.public_key();
        assert_eq!(public.to_string().parse(), Ok(public.clone()));
        let keys = [public];
        let several = format!("v1,AAAA v9,zz {SIGNED}");
        assert_eq!(verify(&headers(&several), &keys, now(), BODY), Ok(()));
        assert_eq!(verify(&headers(SIGNED), &keys, now(), b"{}"), Err(Unverified::NoMatch));
        let later = now() + std::time::Duration::from_secs(301);
        assert_eq!(verify(&headers(SIGNED), &keys, later, BODY), Err(Unverified::TooOld));
        assert_eq!(verify(&headers(SIGNED), &[], now(), BODY), Err(InvalidSecret::Missing.into()));
    }

    #[test]
    fn invalid_key_is_refused() {
        let parse = |text: &str| PrivateKey::parse(&Secret::new(text)).map(drop);
        assert_eq!(parse(""), Err(InvalidSecret::Missing));
        // The last byte of the public half is wrong.
        let mismatched = KEY.replace("Kvg==", "Kvw==");
        for text in ["whsk_", "whsk_AAAA", "whsec_AAAA", &KEY[5..], &mismatched] {
            assert_eq!(parse(text), Err(InvalidSecret::Encoding), "{text}");
        }
        assert!("whpk_AAAA".parse::<PublicKey>().is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn each_key_verifies_what_all_have_signed(seeds in prop::collection::vec(any::<[u8; 32]>(), 1..4), body: Vec<u8>) {
            let keys: Vec<_> = seeds.iter().map(PrivateKey::from_seed).collect();
            let signed = sign(&keys, ID, now(), &body).unwrap();
            for key in &keys {
                prop_assert_eq!(verify(&headers(&signed), &[key.public_key()], now(), &body), Ok(()));
            }
        }

        #[test]
        fn no_header_text_panics(signature: String) {
            let keys = [PrivateKey::from_seed(&[1; 32]).public_key()];
            prop_assert!(verify(&headers(&signature), &keys, now(), b"").is_err());
        }
    }
}
