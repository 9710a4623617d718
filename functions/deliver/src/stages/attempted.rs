//! One attempt at a webhook, and how it went.

use std::time::{Duration, Instant};

use domain::delivery::{AnswerBody, Delivery, DeliveryAttempt, DeliveryStatus};
use domain::webhook::Receiver;
use domain::{Secret, Timestamp};
use http::StatusCode;
use outbound::{Answer, Client, RetryAfter, SendError};
use runtime::Clock;
use runtime::queue::WorkError;

use super::admitted::Admitted;
use super::planned::Planned;
use crate::headers;
use crate::notifications::NotificationService;
use crate::owner_share::Shares;

/// Whole time for one attempt, answer included (product: "whole request 15 s").
const ATTEMPT: Duration = Duration::from_secs(15);

/// The outcome of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The receiver has it.
    Success,
    /// The receiver answered that it is gone for good.
    Gone,
    /// A permanent error: the URL is one that is never called.
    Permanent,
    /// A transient error, to be retried after the receiver's `Retry-After` if it sent one.
    Transient(Option<Duration>),
}

/// A webhook that was sent, and how that went.
#[derive(Debug)]
pub(crate) struct Attempted {
    pub(crate) planned: Planned,
    pub(crate) attempt: DeliveryAttempt,
    pub(crate) verdict: Verdict,
}

/// Sends webhooks.
#[derive(Debug)]
pub(crate) struct Sender {
    pub(crate) client: Client,
    pub(crate) notifications: Option<NotificationService>,
    pub(crate) master: Secret,
    pub(crate) shares: Shares,
    pub(crate) clock: Clock,
}

impl Sender {
    /// Signs the webhook and posts it. Its place is free again once the answer is in.
    pub(crate) async fn attempt(&self, admitted: Admitted) -> Result<Attempted, WorkError> {
        let Admitted { planned, place } = admitted;
        let at = self.clock.now();
        let headers = headers::signed(&planned, &self.master, at)
            .map_err(|error| WorkError::new("sign the webhook", error))?;
        let body = planned.webhook().body.clone().into_bytes().into();
        let start = Instant::now();
        let post = async {
            let result = match (&planned.webhook().receiver, &self.notifications) {
                (Receiver::NotificationService, Some(service)) => {
                    service.post(headers, body, ATTEMPT).await
                }
                _ => match self.client.check_url(planned.url().unwrap_or_default()) {
                    Ok(url) => self.client.post(&url, headers, body, ATTEMPT).await,
                    Err(refused) => Err(refused.into()),
                },
            };
            drop(place);
            (result, start.elapsed())
        };
        let of = (&planned.webhook().owner, &*planned.destination);
        let (result, latency) = self.shares.watch(of, &planned.share, post).await;
        let verdict = Verdict::of(&result, at + latency);
        Ok(Attempted { attempt: attempt(at, latency, result), verdict, planned })
    }
}

impl Verdict {
    fn of(result: &Result<Answer, SendError>, now: Timestamp) -> Self {
        match result {
            Ok(answer) if answer.status.is_success() => Self::Success,
            Ok(answer) if answer.status == StatusCode::GONE => Self::Gone,
            Ok(answer) => {
                Self::Transient(RetryAfter::read(&answer.headers).map(|asked| asked.from(now)))
            }
            Err(error) if error.is_transient() => Self::Transient(None),
            Err(_) => Self::Permanent,
        }
    }
}

fn attempt(at: Timestamp, latency: Duration, result: Result<Answer, SendError>) -> DeliveryAttempt {
    let latency_ms = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
    match result {
        Ok(answer) => DeliveryAttempt {
            at,
            status_code: Some(answer.status.as_u16()),
            latency_ms,
            error: None,
            answer: AnswerBody::new(&answer.body, answer.truncated),
            remote_address: answer.remote_address,
        },
        Err(error) => DeliveryAttempt::unanswered(at, latency_ms, error.to_string()),
    }
}

impl Attempted {
    /// Whether the attempt is to be recorded in the delivery as it is `known` now: its owner has
    /// requested a replay or erased it while it was on its way, or a copy of its message was
    /// recorded first, and failed where this one has succeeded.
    pub(crate) fn still_counts(&self, known: &Delivery) -> bool {
        let has_no_other = known.attempts_made == self.planned.delivery.attempts_made;
        let is_news = self.verdict == Verdict::Success && known.status != DeliveryStatus::Delivered;
        has_no_other || is_news
    }

    /// The same attempt at the delivery as it is `known` now.
    pub(crate) fn rebased(self, known: Delivery) -> Self {
        Self { planned: self.planned.rebased(known), ..self }
    }
}
