//! The guide's verifier in Rust, word for word; a test compares the two.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const TOLERANCE_SECONDS: u64 = 300;

/// Whether Hookreel signed `body`, and not long before or after `now`, in Unix seconds.
pub fn verify<'a>(
    header: impl Fn(&str) -> Option<&'a str>,
    body: &[u8],
    secret: &str,
    now: u64,
) -> Option<()> {
    let (id, timestamp) = (header("webhook-id")?, header("webhook-timestamp")?);
    if timestamp.parse::<u64>().ok()?.abs_diff(now) > TOLERANCE_SECONDS {
        return None;
    }
    let key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_")?).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    let mut signatures = header("webhook-signature")?.split(' ');
    let matches = signatures.any(|one| {
        let digest = one.strip_prefix("v1,").and_then(|one| BASE64_STANDARD.decode(one).ok());
        digest.is_some_and(|digest| mac.clone().verify_slice(&digest).is_ok())
    });
    matches.then_some(())
}
