//! Whether a webhook may be sent now. One dead or slow receiver must not use up what others
//! need, and no receiver gets more than it wants.

use std::time::Duration;

use domain::Timestamp;
use domain::health::Gate;
use runtime::queue::WorkError;
use runtime::random;
use store::HealthOf;

use crate::Deliver;
use crate::attempt::Settled;
use crate::bulkhead::Place;
use crate::planned::Planned;

/// What became of the wish to send a webhook.
#[derive(Debug)]
pub(crate) enum Admission {
    /// It may be sent.
    Granted(Admitted),
    /// Not before then.
    Held(Planned, Timestamp),
    /// Never.
    Refused(Settled),
}

/// A webhook that may be sent now. It holds its place among the receiver's unanswered ones.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) planned: Planned,
    pub(crate) place: Place,
}

impl Deliver {
    /// Asks the circuit breaker, the rate limit and the bulkhead, in this order: a turn under
    /// the rate limit is not wasted on a receiver that is left alone, nor a probe on a webhook
    /// that has to wait for its turn.
    pub(crate) async fn admit(&self, mut planned: Planned) -> Result<Admission, WorkError> {
        let now = self.clock.now();
        if let Some(settled) = planned.discarded(self.notifications.is_some()) {
            return Ok(Admission::Refused(settled));
        }
        let gate = planned.gate(now);
        if let Gate::Open(_) | Gate::Probed = gate
            && let Some(settled) = planned.overdue(now)
        {
            return Ok(Admission::Refused(settled));
        }
        match gate {
            Gate::Open(until) => return Ok(held(planned, until + moments(0, 4000))),
            Gate::Probed => return Ok(held(planned, now + moments(1000, 3000))),
            Gate::Closed | Gate::HalfOpen(_) => {}
        }
        if let Some(turn) = self.later_turn(&planned, now).await? {
            planned.message.permit_at = Some(turn);
            return Ok(Admission::Held(planned, turn));
        }
        if let Gate::HalfOpen(until) = gate
            && !self.claim_probe(&planned, now, until).await?
        {
            return Ok(held(planned, now + moments(1000, 3000)));
        }
        let receiver = planned.message.webhook.receiver.key();
        Ok(match self.bulkhead.enter(&receiver).await {
            Some(place) => Admission::Granted(Admitted { planned, place }),
            None => held(planned, now + moments(1000, 3000)),
        })
    }

    /// The webhook's turn under its receiver's rate limit, if it has not come yet.
    async fn later_turn(
        &self,
        planned: &Planned,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, WorkError> {
        let message = &planned.message;
        let Some(rate) = planned.rate_limit().filter(|_| message.permit_at.is_none()) else {
            return Ok(None);
        };
        let turn = self
            .store
            .take_turn(&message.webhook.owner, &message.webhook.receiver, rate, now)
            .await;
        let turn = turn.map_err(|error| WorkError::new("keep the rate limit", error))?;
        Ok(Some(turn).filter(|turn| *turn > now))
    }

    async fn claim_probe(
        &self,
        planned: &Planned,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, WorkError> {
        let of =
            HealthOf::Receiver(&planned.message.webhook.owner, &planned.message.webhook.receiver);
        let claimed = self.store.claim_probe(of, now, until).await;
        claimed.map_err(|error| WorkError::new("claim a probe", error))
    }
}

/// Held for another reason than its turn, which has passed by then.
fn held(mut planned: Planned, until: Timestamp) -> Admission {
    planned.message.permit_at = None;
    Admission::Held(planned, until)
}

/// Some time between the two, in milliseconds, so that what is held together does not all come
/// back together.
fn moments(least: u64, most: u64) -> Duration {
    random::between(Duration::from_millis(least), Duration::from_millis(most))
}
