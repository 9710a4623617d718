//! The headers of a webhook: those of Standard Webhooks, and seed 002's two.

use std::error::Error;

use domain::{Secret, Timestamp};
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};
use queues::message::Deliver as Message;
use signing::webhook_secret::{FIRST_VERSION, webhook_secret};
use signing::{hex_hmac, standard_webhooks};

/// Signs `message` as of `now`. The timestamp is that of the attempt, so receivers can refuse
/// what was recorded and played back later.
pub(crate) fn signed(
    message: &Message,
    master: &Secret,
    now: Timestamp,
) -> Result<HeaderMap, Box<dyn Error + Send + Sync>> {
    let secret = webhook_secret(master, &message.owner, FIRST_VERSION)?;
    let body = message.body.as_bytes();
    let seed = hex_hmac::sign(&secret, body)?;
    let standard = standard_webhooks::sign(&[secret], message.id.as_str(), now, body)?;
    let timestamp = now.as_seconds().to_string();
    let mut headers = HeaderMap::new();
    let mut put = |name: HeaderName, value: &str| {
        HeaderValue::from_str(value).map(|value| headers.insert(name, value))
    };
    put(CONTENT_TYPE, "application/json")?;
    put(USER_AGENT, concat!("Hookreel/", env!("CARGO_PKG_VERSION")))?;
    put(HeaderName::from_static(standard_webhooks::ID_HEADER), message.id.as_str())?;
    put(HeaderName::from_static(standard_webhooks::TIMESTAMP_HEADER), &timestamp)?;
    put(HeaderName::from_static(standard_webhooks::SIGNATURE_HEADER), &standard)?;
    put(HeaderName::from_static("x-webhook-signature"), &seed)?;
    put(HeaderName::from_static("x-webhook-timestamp"), &timestamp)?;
    Ok(headers)
}
