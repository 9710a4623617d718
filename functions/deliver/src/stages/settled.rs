//! A webhook with its record, as it is to be saved.

use std::time::Duration;

use domain::Timestamp;
use domain::delivery::{Delivery, DeliveryAttempt, DeliveryStatus};
use queues::message::Deliver as Message;
use runtime::queue::WorkError;
use store::{Recorded, Seen, Store};

use super::admitted::Refusal;
use super::attempted::{Attempted, Verdict};
use super::planned::Planned;

/// From which wait on a webhook that was never attempted is recorded as pending.
const VISIBLE: Duration = Duration::from_secs(10);

/// A webhook with its record.
#[derive(Debug)]
pub(crate) struct Settled {
    message: Message,
    pub(crate) delivery: Delivery,
    seen: Seen,
    /// The outcome of the attempt, if one was made just now.
    pub(crate) verdict: Option<Verdict>,
    /// Whether its receiver had failed before.
    pub(crate) had_failed: bool,
    /// What names the place that it was sent to.
    pub(crate) destination: String,
    pub(crate) circuit_name: String,
    /// The endpoint's URL, if the last attempt was made at it.
    pub(crate) attempted_url: Option<String>,
}

impl Settled {
    /// The delivery with this attempt added. `random` in 0..1 picks the jitter of the next.
    pub(crate) fn attempted(attempted: &Attempted, random: f64) -> Self {
        let Attempted { planned, attempt, verdict } = attempted;
        let mut delivery = planned.delivery.clone();
        delivery.push(attempt.clone());
        delivery.reason = None;
        let finished_at = attempt.at + Duration::from_millis(attempt.latency_ms);
        let retry_wait = match verdict {
            Verdict::Success | Verdict::Gone | Verdict::Permanent => None,
            Verdict::Transient(retry_after) => {
                planned.schedule().wait(delivery.attempts_in_round(), random, *retry_after)
            }
        };
        delivery.next_attempt_at = retry_wait.map(|wait| finished_at + wait);
        delivery.status = match (verdict, retry_wait) {
            (Verdict::Success, _) => DeliveryStatus::Delivered,
            (_, Some(_)) => DeliveryStatus::Retrying,
            (_, None) => DeliveryStatus::Exhausted,
        };
        Self {
            verdict: Some(*verdict),
            had_failed: planned.circuit.is_some(),
            ..Self::unsent(planned, delivery)
        }
    }

    /// The end of a webhook that is never sent.
    pub(crate) fn refused(planned: &Planned, refusal: Refusal) -> Self {
        let mut delivery = Delivery { next_attempt_at: None, ..planned.delivery.clone() };
        match refusal {
            Refusal::Discarded(reason) => {
                delivery.status = DeliveryStatus::Discarded;
                delivery.reason = Some(reason);
            }
            Refusal::Overdue(at) => {
                delivery.status = DeliveryStatus::Exhausted;
                let error = "not sent: the receiver has failed too often to be tried".to_owned();
                delivery.push(DeliveryAttempt::unanswered(at, 0, error));
            }
        }
        Self::unsent(planned, delivery)
    }

    /// The record of a webhook that waits until `until`, if there is none and it is worth one.
    pub(crate) fn waiting(planned: &Planned, now: Timestamp, until: Timestamp) -> Option<Self> {
        if planned.is_recorded || until.since(now) < VISIBLE {
            return None;
        }
        let delivery = Delivery { next_attempt_at: Some(until), ..planned.delivery.clone() };
        Some(Self::unsent(planned, delivery))
    }

    /// The record of a webhook as it is in the table.
    pub(crate) fn recorded(planned: &Planned) -> Self {
        Self::unsent(planned, planned.delivery.clone())
    }

    /// When the attempt began, if one was made.
    pub(crate) fn began(&self) -> Option<Timestamp> {
        self.delivery.attempts.last().map(|last| last.at)
    }

    fn unsent(planned: &Planned, delivery: Delivery) -> Self {
        Self {
            message: planned.message.clone(),
            seen: planned.seen(),
            verdict: None,
            had_failed: false,
            destination: planned.destination.clone(),
            circuit_name: planned.circuit_name.clone(),
            attempted_url: attempted_url(planned, &delivery),
            delivery,
        }
    }

    /// Saves the record, unless the delivery has changed since it was read.
    pub(crate) async fn record(&self, store: &Store) -> Result<Recorded, WorkError> {
        let (delivery, webhook) = (&self.delivery, &self.delivery.webhook);
        tracing::info!(message_id = %webhook.id, event = %webhook.event,
            receiver = webhook.receiver.key(), attempt = delivery.attempts_made,
            outcome = delivery.status.as_str(), status_code = ?delivery.last_status_code(),
            "webhook settled");
        let recorded = store.record_delivery(delivery, self.seen).await;
        recorded.map_err(|error| WorkError::new("record the attempt", error))
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

/// The endpoint's URL, unless it was changed after the last attempt.
fn attempted_url(planned: &Planned, delivery: &Delivery) -> Option<String> {
    let (endpoint, last) = (planned.endpoint.as_ref()?, delivery.attempts.last()?);
    let is_from_before = planned.was_attempted() && endpoint.updated_at > last.at;
    (!is_from_before).then(|| endpoint.url.clone())
}
