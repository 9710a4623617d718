//! A provider's webhook as clients see it.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use domain::time::Rfc3339;
use domain::{InboundId, JobId};
use serde::Serialize;
use store::{Inbound, InboundOutcome};

/// Longest part of a raw body that is shown: a hundred of them must fit one answer.
const SHOWN_BYTES: usize = 16 * 1024;

/// A provider's webhook: what came in and what became of it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Inbound"))]
pub struct InboundResource<'a> {
    id: &'a InboundId,
    provider: &'a str,
    /// The job that it speaks of.
    job_id: &'a JobId,
    /// What became of it, the last time it was acted on.
    status: InboundOutcome,
    received_at: Rfc3339,
    replayed_at: Option<Rfc3339>,
    /// The length of its body.
    bytes: usize,
    /// Its raw body, of which at most 16 KiB are shown.
    #[cfg_attr(feature = "schema", schemars(with = "domain::delivery::AnswerBody"))]
    body: Body<'a>,
}

/// The start of the raw body.
#[derive(Debug, Serialize)]
struct Body<'a> {
    #[serde(flatten)]
    content: Content<'a>,
    truncated: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Content<'a> {
    Text(&'a str),
    Base64(String),
}

impl<'a> From<&'a Inbound> for InboundResource<'a> {
    fn from(inbound: &'a Inbound) -> Self {
        Self {
            id: &inbound.id,
            provider: &inbound.provider,
            job_id: &inbound.id.job_id,
            status: inbound.outcome,
            received_at: inbound.id.received_at.into(),
            replayed_at: inbound.replayed_at.map(Into::into),
            bytes: inbound.body.len(),
            body: Body::of(&inbound.body),
        }
    }
}

impl<'a> Body<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        let truncated = bytes.len() > SHOWN_BYTES;
        let content = match std::str::from_utf8(bytes) {
            Ok(text) => Content::Text(&text[..text.floor_char_boundary(SHOWN_BYTES)]),
            Err(_) => {
                Content::Base64(BASE64_STANDARD.encode(bytes.get(..SHOWN_BYTES).unwrap_or(bytes)))
            }
        };
        Self { content, truncated }
    }
}
