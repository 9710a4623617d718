//! Whether a webhook may be sent now. One dead or slow receiver must not use up what others
//! need, and none gets more than its rate limit.

use std::sync::Arc;
use std::time::Duration;

use domain::circuit::CircuitState;
use domain::delivery::DiscardReason;
use domain::{Timestamp, UrlHost};
use runtime::queue::WorkError;
use runtime::{Clock, random};
use store::{CircuitKey, Store};

use super::planned::Planned;
use crate::bulkhead::{Bulkhead, Place};

/// How long to wait for a probe, at least and at most.
const SOON: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(3));
/// Over how long what waits for an open circuit comes back once that is half-open.
const SPREAD: Duration = Duration::from_secs(4);

/// The answer to a request to send a webhook.
#[derive(Debug)]
pub(crate) enum Admission {
    /// It may be sent.
    Granted(Admitted),
    /// Not before then.
    Held(Planned, Timestamp),
    /// Never.
    Refused(Planned, Refusal),
}

/// Why a webhook is never sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Refusal {
    /// Its receiver does not exist any more.
    Discarded(DiscardReason),
    /// Its schedule was over by then, and its receiver's circuit still open.
    Overdue(Timestamp),
}

/// A webhook that may be sent now. It holds its place among the receiver's unanswered ones.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) planned: Planned,
    pub(crate) place: Place,
}

/// Admits webhooks.
#[derive(Debug)]
pub(crate) struct Admitter {
    pub(crate) store: Store,
    pub(crate) bulkhead: Arc<Bulkhead>,
    pub(crate) has_notification_service: bool,
    /// How many slow attempts of one owner may be under way, in all instances.
    pub(crate) slots: u16,
    pub(crate) clock: Clock,
}

impl Admitter {
    /// Asks the circuit breaker, the owner's share, the rate limit and the bulkhead, in this order: a
    /// permit under the rate limit is not wasted on an open circuit, nor a probe on a webhook that
    /// has to wait for its permit.
    pub(crate) async fn admit(&self, mut planned: Planned) -> Result<Admission, WorkError> {
        let now = self.clock.now();
        if let Some(reason) = planned.discard_reason(self.has_notification_service) {
            return Ok(Admission::Refused(planned, Refusal::Discarded(reason)));
        }
        let state = planned.circuit_state(now);
        match state {
            CircuitState::Open(_) | CircuitState::Probing if planned.is_overdue(now) => {
                return Ok(Admission::Refused(planned, Refusal::Overdue(now)));
            }
            CircuitState::Open(until) => {
                return Ok(held(planned, until + random::between(Duration::ZERO, SPREAD)));
            }
            CircuitState::Probing => return Ok(soon(planned, now)),
            CircuitState::Closed | CircuitState::HalfOpen(_) => {}
        }
        let destination = &planned.destination;
        if state == CircuitState::Closed
            && let Some(until) =
                planned.share.returns_at(destination, self.slots, now, random::fraction())
        {
            return Ok(if planned.is_overdue(now) {
                Admission::Refused(planned, Refusal::Overdue(now))
            } else {
                held(planned, until)
            });
        }
        if let Some(permit) = self.later_permit(&planned, now).await? {
            planned.message.permit_at = Some(permit);
            return Ok(Admission::Held(planned, permit));
        }
        if let CircuitState::HalfOpen(until) = state
            && !self.claim_probe(&planned, now, until).await?
        {
            return Ok(soon(planned, now));
        }
        let (owner, host) = (&planned.webhook().owner, UrlHost(planned.url().unwrap_or_default()));
        let claim = [owner.as_str(), &host.to_string(), &planned.destination];
        Ok(match self.bulkhead.enter(claim, now).await {
            Ok(place) => Admission::Granted(Admitted { planned, place }),
            Err(_) if planned.is_overdue(now) => Admission::Refused(planned, Refusal::Overdue(now)),
            Err(until) => held(planned, until),
        })
    }

    /// When its permit under its receiver's rate limit is due, if that is later than `now`.
    async fn later_permit(
        &self,
        planned: &Planned,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, WorkError> {
        let rate = planned.rate_limit().filter(|_| planned.message.permit_at.is_none());
        let Some(rate) = rate else { return Ok(None) };
        let webhook = planned.webhook();
        let permit = self.store.take_permit(&webhook.owner, &webhook.receiver, rate, now).await;
        let permit = permit.map_err(|error| WorkError::new("keep the rate limit", error))?;
        Ok(Some(permit).filter(|permit| *permit > now))
    }

    async fn claim_probe(
        &self,
        planned: &Planned,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, WorkError> {
        let circuit = CircuitKey::Destination(&planned.webhook().owner, &planned.circuit_name);
        let opened_until = planned.opened_until().unwrap_or(now);
        let claimed = self.store.claim_probe(circuit, opened_until, now, until).await;
        claimed.map_err(|error| WorkError::new("claim a probe", error))
    }
}

/// Held for another reason than its permit, which is over by then.
fn held(mut planned: Planned, until: Timestamp) -> Admission {
    planned.message.permit_at = None;
    Admission::Held(planned, until)
}

fn soon(planned: Planned, now: Timestamp) -> Admission {
    held(planned, now + random::between(SOON.0, SOON.1))
}
