//! An outgoing webhook as clients see it.

use std::net::SocketAddr;

use serde::Serialize;

use crate::delivery::{AnswerBody, Delivery, DeliveryAttempt, DeliveryStatus, DiscardReason};
use crate::time::Rfc3339;
use crate::webhook::Receiver;
use crate::{EndpointId, EventType, JobId, MessageId, ProjectId};

/// An outgoing webhook. Every member is always present, but for the receivers' answers, which are
/// shown for one delivery alone: a page of them could be too large to send.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Delivery"))]
pub struct DeliveryResource<'a> {
    /// What the receiver sees as `webhook-id`.
    id: &'a MessageId,
    event: EventType,
    /// The endpoint that it is for.
    endpoint_id: Option<&'a EndpointId>,
    /// The job's own address, where it is not for an endpoint.
    url: Option<&'a str>,
    job_id: Option<&'a JobId>,
    project_id: Option<&'a ProjectId>,
    status: DeliveryStatus,
    /// Why it was discarded.
    reason: Option<DiscardReason>,
    created_at: Rfc3339,
    next_attempt_at: Option<Rfc3339>,
    replayed_at: Option<Rfc3339>,
    /// When its job or project was erased, and with it the body and the receiver's answers.
    erased_at: Option<Rfc3339>,
    /// How many there were; `attempts` shows the last ones.
    attempts_made: u32,
    attempts: Vec<AttemptResource<'a>>,
}

#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "DeliveryAttempt"))]
struct AttemptResource<'a> {
    at: Rfc3339,
    /// The receiver's, if it answered.
    status_code: Option<u16>,
    latency_ms: u64,
    /// Why there was no answer.
    error: Option<&'a str>,
    /// The address that was connected to.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    remote_address: Option<SocketAddr>,
    /// The body of the receiver's answer, of which at most 16 KiB are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<&'a AnswerBody>,
}

impl<'a> DeliveryResource<'a> {
    /// The delivery with all of its members.
    pub fn whole(delivery: &'a Delivery) -> Self {
        Self::new(delivery, |attempt| attempt.answer.as_ref())
    }

    /// The delivery without the receivers' answers.
    pub fn brief(delivery: &'a Delivery) -> Self {
        Self::new(delivery, |_| None)
    }

    fn new(
        delivery: &'a Delivery,
        answer: impl Fn(&'a DeliveryAttempt) -> Option<&'a AnswerBody>,
    ) -> Self {
        let attempt = |attempt: &'a DeliveryAttempt| AttemptResource {
            at: attempt.at.into(),
            status_code: attempt.status_code,
            latency_ms: attempt.latency_ms,
            error: attempt.error.as_deref(),
            remote_address: attempt.remote_address,
            answer: answer(attempt),
        };
        let webhook = &delivery.webhook;
        let url = match &webhook.receiver {
            Receiver::Url(url) => Some(url.as_str()).filter(|_| delivery.erased_at.is_none()),
            Receiver::Endpoint(_) | Receiver::NotificationService => None,
        };
        Self {
            id: &webhook.id,
            event: webhook.event,
            endpoint_id: webhook.receiver.endpoint(),
            url,
            job_id: webhook.job_id.as_ref(),
            project_id: webhook.project_id.as_ref(),
            status: delivery.status,
            reason: delivery.reason,
            created_at: webhook.occurred_at.into(),
            next_attempt_at: delivery.next_attempt_at.map(Into::into),
            replayed_at: delivery.replayed_at.map(Into::into),
            erased_at: delivery.erased_at.map(Into::into),
            attempts_made: delivery.attempts_made,
            attempts: delivery.attempts.iter().map(attempt).collect(),
        }
    }
}
