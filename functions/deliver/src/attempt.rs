//! One attempt at a webhook, and what follows from how it went.

use std::time::{Duration, Instant};

use domain::delivery::{Delivery, DeliveryAttempt, DeliveryStatus};
use domain::{Timestamp, schedule};
use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use outbound::{Answer, Client, SendError};
use queues::message::Deliver as Message;

use crate::ATTEMPT;

/// How an attempt went.
#[derive(Debug)]
pub(crate) struct Outcome {
    at: Timestamp,
    latency: Duration,
    result: Result<Answer, SendError>,
}

/// Posts the webhook to where it goes.
pub(crate) async fn post(
    client: &Client,
    message: &Message,
    headers: HeaderMap,
    at: Timestamp,
) -> Outcome {
    let start = Instant::now();
    let body = message.body.clone().into_bytes().into();
    let result = match client.check_url(&message.url) {
        Ok(url) => client.post(&url, headers, body, ATTEMPT).await,
        Err(refused) => Err(refused.into()),
    };
    Outcome { at, latency: start.elapsed(), result }
}

impl Outcome {
    /// The delivery with this attempt added to what is `known` of it.
    pub(crate) fn record(
        self,
        message: &Message,
        known: Option<Delivery>,
        random: f64,
    ) -> Delivery {
        let mut delivery = known.unwrap_or_else(|| planned(message));
        let attempt = delivery.attempt_count() + 1;
        let wait = schedule::delivery_wait(attempt, random, self.retry_after());
        let finished_at = self.at + self.latency;
        (delivery.status, delivery.next_attempt_at) = match wait {
            _ if self.is_success() => (DeliveryStatus::Delivered, None),
            _ if self.is_final() => (DeliveryStatus::Exhausted, None),
            Some(wait) => (DeliveryStatus::Retrying, Some(finished_at + wait)),
            None => (DeliveryStatus::Exhausted, None),
        };
        delivery.attempts.push(self.into_attempt());
        delivery
    }

    fn is_success(&self) -> bool {
        self.result.as_ref().is_ok_and(|answer| answer.status.is_success())
    }

    /// Whether trying again would be wrong: the receiver says that it is gone for good, or
    /// the address is one that we never go to.
    fn is_final(&self) -> bool {
        match &self.result {
            Ok(answer) => answer.status == StatusCode::GONE,
            Err(error) => !error.is_worth_retrying(),
        }
    }

    /// How long the receiver asks us to wait, where it is in seconds.
    fn retry_after(&self) -> Option<Duration> {
        let answer = self.result.as_ref().ok()?;
        let seconds = answer.headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
        Some(Duration::from_secs(seconds))
    }

    fn into_attempt(self) -> DeliveryAttempt {
        DeliveryAttempt {
            at: self.at,
            status_code: self.result.as_ref().ok().map(|answer| answer.status.as_u16()),
            latency_ms: u64::try_from(self.latency.as_millis()).unwrap_or(u64::MAX),
            error: self.result.err().map(|error| error.to_string()),
        }
    }
}

fn planned(message: &Message) -> Delivery {
    Delivery {
        id: message.id.clone(),
        owner: message.owner.clone(),
        job_id: message.job_id.clone(),
        event: message.event,
        url: message.url.clone(),
        status: DeliveryStatus::Retrying,
        created_at: message.occurred_at,
        next_attempt_at: None,
        attempts: Vec::new(),
    }
}
