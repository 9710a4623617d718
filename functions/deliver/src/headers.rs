//! The headers of a webhook: those of Standard Webhooks, the two of the async TTS API v1, and the
//! endpoint's own.

use std::error::Error;

use domain::endpoint::SigningScheme;
use domain::webhook::Receiver;
use domain::{Secret, Timestamp};
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};
use signing::{
    InvalidSecret, endpoint_key, endpoint_secret, hex_hmac, standard_webhooks,
    standard_webhooks_v1a, webhook_secret,
};

use crate::stages::planned::Planned;

/// The async TTS API v1's signature by the secret before the present one, while that is valid. Its
/// own header holds a single signature, so a receiver that still has the old secret reads this one.
const PREVIOUS_SIGNATURE_HEADER: &str = "x-webhook-signature-previous";

/// Signs a webhook as of `now`. The timestamp is that of the attempt, so that receivers can refuse
/// a replay attack.
pub(crate) fn signed(
    planned: &Planned,
    master: &Secret,
    now: Timestamp,
) -> Result<HeaderMap, Box<dyn Error + Send + Sync>> {
    let mut headers = HeaderMap::new();
    let mut put = |name: &str, value: &str| -> Result<(), Box<dyn Error + Send + Sync>> {
        headers.insert(HeaderName::from_bytes(name.as_bytes())?, HeaderValue::from_str(value)?);
        Ok(())
    };
    // The endpoint's own come first, so that none of them can stand in for one of ours.
    for (name, value) in planned.endpoint.iter().flat_map(|endpoint| &endpoint.headers) {
        put(name, value)?;
    }
    let timestamp = now.as_seconds().to_string();
    put(CONTENT_TYPE.as_str(), "application/json")?;
    put(USER_AGENT.as_str(), concat!("Hookreel/", env!("CARGO_PKG_VERSION")))?;
    put(standard_webhooks::ID_HEADER, planned.webhook().id.as_str())?;
    put(standard_webhooks::TIMESTAMP_HEADER, &timestamp)?;
    put(hex_hmac::TIMESTAMP_HEADER, &timestamp)?;
    // The notification service authenticates us by its key, and has no owner's secret.
    if planned.webhook().receiver != Receiver::NotificationService {
        for (name, value) in signatures(planned, master, now)? {
            put(name, &value)?;
        }
    }
    Ok(headers)
}

/// The headers that sign, by every version that is valid now.
fn signatures(
    planned: &Planned,
    master: &Secret,
    now: Timestamp,
) -> Result<Vec<(&'static str, String)>, InvalidSecret> {
    let (id, body) = (planned.webhook().id.as_str(), planned.webhook().body.as_bytes());
    let (scheme, versions) = planned.signing();
    let endpoint = planned.endpoint.as_ref();
    if let (SigningScheme::V1a, Some(endpoint)) = (scheme, endpoint) {
        let keys = versions.valid_at(now).map(|version| endpoint_key(master, endpoint, version));
        let keys: Vec<_> = keys.collect::<Result<_, _>>()?;
        let signature = standard_webhooks_v1a::sign(&keys, id, now, body)?;
        return Ok(vec![(standard_webhooks::SIGNATURE_HEADER, signature)]);
    }
    let secret = |version| match endpoint {
        Some(endpoint) => endpoint_secret(master, endpoint, version),
        None => webhook_secret(master, &planned.webhook().owner, version),
    };
    let secrets: Vec<_> = versions.valid_at(now).map(secret).collect::<Result<_, _>>()?;
    let standard = standard_webhooks::sign(&secrets, id, now, body)?;
    let mut signatures = vec![(standard_webhooks::SIGNATURE_HEADER, standard)];
    let names = [hex_hmac::SIGNATURE_HEADER, PREVIOUS_SIGNATURE_HEADER];
    // Of several that are still valid, the previous one is the last to have been replaced.
    let latest = secrets.first().into_iter().chain(secrets.last().filter(|_| secrets.len() > 1));
    for (name, secret) in names.into_iter().zip(latest) {
        signatures.push((name, hex_hmac::sign(secret, body)?));
    }
    Ok(signatures)
}
