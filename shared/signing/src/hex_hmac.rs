//! Hex HMAC-SHA256 over the raw body, keyed with the secret's text: `X-Webhook-Signature: sha256=…`
//! of the async TTS API v1 on our webhooks, and the form without prefix of scene service webhooks.

use domain::Secret;

use crate::mac::{equal, hmac_sha256};
use crate::{InvalidSecret, Unverified};

/// The header that carries the signature, in lower case.
pub const SIGNATURE_HEADER: &str = "x-webhook-signature";
/// The header of the async TTS API v1 with the time of sending, in seconds since the Unix epoch.
/// The signature does not cover it.
pub const TIMESTAMP_HEADER: &str = "x-webhook-timestamp";

const PREFIX: &str = "sha256=";

/// `sha256=` and the signature of `body` in hex.
pub fn sign(secret: &Secret, body: &[u8]) -> Result<String, InvalidSecret> {
    Ok(format!("{PREFIX}{}", digest(secret, body)?))
}

/// Checks that `presented` is the signature of `body`. The prefix is optional; both may be in upper
/// or lower case, with blanks around them.
pub fn verify(secret: &Secret, body: &[u8], presented: &str) -> Result<(), Unverified> {
    let expected = digest(secret, body)?;
    let presented = presented.trim().to_ascii_lowercase();
    let hex = presented.strip_prefix(PREFIX).unwrap_or(&presented).trim_start();
    if equal(hex.as_bytes(), expected.as_bytes()) { Ok(()) } else { Err(Unverified::NoMatch) }
}

fn digest(secret: &Secret, body: &[u8]) -> Result<String, InvalidSecret> {
    match secret.expose().as_bytes() {
        [] => Err(InvalidSecret::Missing),
        key => Ok(hex::encode(hmac_sha256(key, [body]))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// From `printf '{"job_id":"job_1"}' | openssl dgst -sha256 -hmac topsecret`.
    const HEX: &str = "8ab346d4d2464c7a04728a6aec63a72d08f7d474a244f9a6fed1de9045062fd3";
    const BODY: &[u8] = br#"{"job_id":"job_1"}"#;

    #[test]
    fn agrees_with_openssl_in_every_spelling() {
        let secret = Secret::new("topsecret");
        assert_eq!(sign(&secret, BODY).unwrap(), format!("sha256={HEX}"));
        for spelling in [
            HEX,
            &HEX.to_uppercase(),
            &format!("sha256={HEX}"),
            &format!("SHA256={HEX}"),
            &format!(" sha256= {HEX} "),
        ] {
            assert_eq!(verify(&secret, BODY, spelling), Ok(()), "{spelling}");
        }
        for spelling in ["", "sha256=", &HEX[..63], &format!("{HEX}0"), &format!("sha1={HEX}")] {
            assert_eq!(verify(&secret, BODY, spelling), Err(Unverified::NoMatch), "{spelling}");
        }
    }

    #[test]
    fn unset_secret_is_refused() {
        let unset = Secret::new("");
        let own = hex::encode(hmac_sha256(b"", [BODY]));
        assert_eq!(verify(&unset, BODY, &own), Err(InvalidSecret::Missing.into()));
        assert_eq!(sign(&unset, BODY), Err(InvalidSecret::Missing));
    }

    proptest! {
        #[test]
        fn round_trip_and_tamper(secret in ".+", mut body in prop::collection::vec(any::<u8>(), 1..200), place: prop::sample::Index, change in 1_u8..) {
            let secret = Secret::new(secret);
            let signature = sign(&secret, &body).unwrap();
            prop_assert_eq!(verify(&secret, &body, &signature), Ok(()));
            let place = place.index(body.len());
            body[place] ^= change;
            prop_assert_eq!(verify(&secret, &body, &signature), Err(Unverified::NoMatch));
        }
    }
}
