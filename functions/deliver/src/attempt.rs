//! One attempt at a webhook, and what follows from how it went.

use std::time::{Duration, Instant};

use domain::Timestamp;
use domain::delivery::{AnswerBody, Delivery, DeliveryAttempt, DeliveryStatus};
use domain::webhook::Receiver;
use http::StatusCode;
use http::header::RETRY_AFTER;
use outbound::{Answer, SendError};
use queues::message::Deliver as Message;
use runtime::queue::WorkError;
use store::Seen;

use crate::admission::Admitted;
use crate::planned::Planned;
use crate::{Deliver, headers};

/// Whole time for one attempt, answer included (product: "whole request 15 s").
const ATTEMPT: Duration = Duration::from_secs(15);

/// What an attempt came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The receiver has it.
    Success,
    /// The receiver says that it is gone for good.
    Gone,
    /// Trying again would be no use: the address is one that we never go to.
    Hopeless,
    /// To be tried again, after what the receiver asks for if it does.
    Failure(Option<Duration>),
}

/// A webhook that was sent, and how that went.
#[derive(Debug)]
pub(crate) struct Attempted {
    planned: Planned,
    attempt: DeliveryAttempt,
    verdict: Verdict,
}

/// A webhook with its record, as it is to be saved.
#[derive(Debug)]
pub(crate) struct Settled {
    message: Message,
    delivery: Delivery,
    seen: Seen,
    pub(crate) verdict: Option<Verdict>,
    pub(crate) had_failed: bool,
}

impl Deliver {
    /// Signs the webhook and posts it. Its place is free again once the answer is in.
    pub(crate) async fn attempt(&self, admitted: Admitted) -> Result<Attempted, WorkError> {
        let Admitted { planned, place } = admitted;
        let at = self.clock.now();
        let headers = headers::signed(&planned, &self.master, at)
            .map_err(|error| WorkError::new("sign the webhook", error))?;
        let body = planned.message.webhook.body.clone().into_bytes().into();
        let start = Instant::now();
        let result = match (&planned.message.webhook.receiver, &self.notifications) {
            (Receiver::NotificationService, Some(service)) => {
                service.post(headers, body, ATTEMPT).await
            }
            _ => match self.client.check_url(planned.url().unwrap_or_default()) {
                Ok(url) => self.client.post(&url, headers, body, ATTEMPT).await,
                Err(refused) => Err(refused.into()),
            },
        };
        let latency = start.elapsed();
        drop(place);
        let verdict = Verdict::of(&result, at + latency);
        Ok(Attempted { attempt: attempt(at, latency, result), verdict, planned })
    }
}

impl Verdict {
    fn of(result: &Result<Answer, SendError>, now: Timestamp) -> Self {
        match result {
            Ok(answer) if answer.status.is_success() => Self::Success,
            Ok(answer) if answer.status == StatusCode::GONE => Self::Gone,
            Ok(answer) => Self::Failure(retry_after(answer, now)),
            Err(error) if error.is_transient() => Self::Failure(None),
            Err(_) => Self::Hopeless,
        }
    }
}

/// How long the receiver asks us to wait, in seconds or until a date.
fn retry_after(answer: &Answer, now: Timestamp) -> Option<Duration> {
    let text = answer.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Some(Timestamp::from_http_date(text)?.since(now)),
    }
}

fn attempt(at: Timestamp, latency: Duration, result: Result<Answer, SendError>) -> DeliveryAttempt {
    let mut attempt = DeliveryAttempt {
        at,
        status_code: None,
        latency_ms: u64::try_from(latency.as_millis()).unwrap_or(u64::MAX),
        error: None,
        answer: None,
        remote_address: None,
    };
    match result {
        Ok(answer) => {
            attempt.status_code = Some(answer.status.as_u16());
            attempt.answer = AnswerBody::new(&answer.body, answer.truncated);
            attempt.remote_address = answer.remote_address;
        }
        Err(error) => attempt.error = Some(error.to_string()),
    }
    attempt
}

impl Attempted {
    /// The delivery with this attempt added. `random` in 0..1 picks the jitter of the next.
    pub(crate) fn settle(&self, random: f64) -> Settled {
        let mut delivery = self.planned.delivery.clone();
        delivery.push(self.attempt.clone());
        let finished_at = self.attempt.at + Duration::from_millis(self.attempt.latency_ms);
        let wait = |retry_after| {
            self.planned.schedule().wait(delivery.attempts_in_round(), random, retry_after)
        };
        (delivery.status, delivery.next_attempt_at) = match self.verdict {
            Verdict::Success => (DeliveryStatus::Delivered, None),
            Verdict::Gone | Verdict::Hopeless => (DeliveryStatus::Exhausted, None),
            Verdict::Failure(retry_after) => match wait(retry_after) {
                Some(wait) => (DeliveryStatus::Retrying, Some(finished_at + wait)),
                None => (DeliveryStatus::Exhausted, None),
            },
        };
        Settled {
            message: self.planned.message.clone(),
            delivery,
            seen: self.planned.seen(),
            verdict: Some(self.verdict),
            had_failed: self.planned.health.is_some(),
        }
    }

    /// Whether `known` differs from what was read before the attempt by a replay alone.
    pub(crate) fn was_replayed(&self, known: &Delivery) -> bool {
        known.attempts_made == self.planned.delivery.attempts_made
            && known.replays != self.planned.delivery.replays
    }

    /// The same attempt at the delivery as it is `known` now.
    pub(crate) fn rebased(self, known: Delivery) -> Self {
        Self { planned: self.planned.with(known), ..self }
    }
}

impl Settled {
    /// The record of a webhook to which nothing was sent just now.
    pub(crate) fn unsent(planned: &Planned, delivery: Delivery) -> Self {
        Self {
            message: planned.message.clone(),
            delivery,
            seen: planned.seen(),
            verdict: None,
            had_failed: false,
        }
    }

    pub(crate) const fn delivery(&self) -> &Delivery {
        &self.delivery
    }

    pub(crate) const fn seen(&self) -> Seen {
        self.seen
    }

    /// Whether `known` is this very record.
    pub(crate) fn is_recorded_in(&self, known: &Delivery) -> bool {
        known.attempts_made == self.delivery.attempts_made
            && known.attempts.last() == self.delivery.attempts.last()
    }

    /// The message for the next attempt and when it is due, if there is to be one.
    pub(crate) fn next(self) -> Option<(Message, Timestamp)> {
        let at = self.delivery.next_attempt_at?;
        let attempts_made = self.delivery.attempts_made;
        Some((Message { attempts_made, permit_at: None, ..self.message }, at))
    }
}
