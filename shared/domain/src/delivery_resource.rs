//! An outgoing webhook as clients see it.

use std::net::SocketAddr;

use serde::Serialize;

use crate::delivery::{AnswerBody, Delivery, DeliveryAttempt, DeliveryStatus, DiscardReason};
use crate::time::rfc3339;
use crate::webhook::Receiver;
use crate::{EndpointId, EventType, JobId, MessageId, ProjectId, Timestamp};

/// The delivery resource. Every member is always present, but for the receivers' answers, which
/// are shown for one delivery alone: a page of them could be too large to send.
#[derive(Debug, Clone, Serialize)]
pub struct DeliveryResource<'a> {
    id: &'a MessageId,
    event: EventType,
    endpoint_id: Option<&'a EndpointId>,
    url: Option<&'a str>,
    job_id: Option<&'a JobId>,
    project_id: Option<&'a ProjectId>,
    status: DeliveryStatus,
    reason: Option<DiscardReason>,
    #[serde(with = "rfc3339")]
    created_at: Timestamp,
    #[serde(serialize_with = "rfc3339::option::serialize")]
    next_attempt_at: Option<Timestamp>,
    #[serde(serialize_with = "rfc3339::option::serialize")]
    replayed_at: Option<Timestamp>,
    attempts_made: u32,
    attempts: Vec<AttemptResource<'a>>,
}

#[derive(Debug, Clone, Serialize)]
struct AttemptResource<'a> {
    #[serde(with = "rfc3339")]
    at: Timestamp,
    status_code: Option<u16>,
    latency_ms: u64,
    error: Option<&'a str>,
    remote_address: Option<SocketAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<&'a AnswerBody>,
}

impl<'a> DeliveryResource<'a> {
    /// The delivery with all of its members.
    #[must_use]
    pub fn whole(delivery: &'a Delivery) -> Self {
        Self::new(delivery, |attempt| attempt.answer.as_ref())
    }

    /// The delivery without the receivers' answers.
    #[must_use]
    pub fn brief(delivery: &'a Delivery) -> Self {
        Self::new(delivery, |_| None)
    }

    fn new(
        delivery: &'a Delivery,
        answer: impl Fn(&'a DeliveryAttempt) -> Option<&'a AnswerBody>,
    ) -> Self {
        let attempt = |attempt: &'a DeliveryAttempt| AttemptResource {
            at: attempt.at,
            status_code: attempt.status_code,
            latency_ms: attempt.latency_ms,
            error: attempt.error.as_deref(),
            remote_address: attempt.remote_address,
            answer: answer(attempt),
        };
        let webhook = &delivery.webhook;
        let url = match &webhook.receiver {
            Receiver::Url(url) => Some(url.as_str()),
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
            created_at: webhook.occurred_at,
            next_attempt_at: delivery.next_attempt_at,
            replayed_at: delivery.replayed_at,
            attempts_made: delivery.attempts_made,
            attempts: delivery.attempts.iter().map(attempt).collect(),
        }
    }
}
