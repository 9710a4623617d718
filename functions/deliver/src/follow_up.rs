//! What follows from a record: the next attempt, and what it means for the receiver.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::delivery::{Delivery, DeliveryStatus};
use domain::endpoint::DisabledReason;
use domain::{EventType, OwnerId, Timestamp, limits};
use http::StatusCode;
use queues::Queue;
use queues::message::Deliver as Message;
use runtime::queue::WorkError;
use runtime::{Clock, random};
use store::{CircuitKey, Store, StoreError};

use crate::bulkhead::Bulkhead;
use crate::stages::attempted::Verdict;
use crate::stages::settled::Settled;

/// Does what follows from records.
#[derive(Debug)]
pub(crate) struct FollowUp {
    pub(crate) store: Store,
    pub(crate) queue: Queue<Message>,
    pub(crate) clock: Clock,
    pub(crate) bulkhead: Arc<Bulkhead>,
    /// Destinations that have failed here and not succeeded since, by owner. An attempt that was
    /// begun before that read no circuit, and its success counts all the same.
    pub(crate) failing: Mutex<HashSet<(OwnerId, String)>>,
}

/// From how many failing destinations on they are forgotten.
const REMEMBERED: usize = 1024;

impl FollowUp {
    /// What follows from an attempt that this invocation has made and recorded.
    pub(crate) async fn attempt(&self, settled: Settled) -> Result<(), WorkError> {
        // The count of failures is advice: without it the next attempt is made all the same,
        // and the next failure counts again.
        if let Err(error) = self.update_circuit(&settled).await {
            tracing::warn!(cause = %error, "circuit not updated");
        }
        self.record(settled).await
    }

    /// What must follow from a recorded attempt, whichever invocation made it. Doing it twice
    /// does no harm.
    pub(crate) async fn record(&self, settled: Settled) -> Result<(), WorkError> {
        if is_gone(&settled.delivery) {
            let disabled = self.disable(&settled, DisabledReason::Gone).await;
            disabled.map_err(|error| WorkError::new("disable the endpoint", error))?;
        }
        self.erase_if_purged(&settled.delivery).await?;
        match settled.next() {
            Some((message, at)) => self.put_back(message, at).await,
            None => Ok(()),
        }
    }

    /// Erases `delivery` if its job or project was erased before it was recorded: `erase` finds
    /// what is recorded. Saved first and read afterwards, as `erase` does it the other way round,
    /// one of the two sees the other.
    pub(crate) async fn erase_if_purged(&self, delivery: &Delivery) -> Result<(), WorkError> {
        if !delivery.may_have_missed_a_purge() {
            return Ok(());
        }
        let failed = |error| WorkError::new("erase the delivery", error);
        match self.store.purged_at(&delivery.webhook).await.map_err(failed)? {
            Some(at) => self.store.erase_delivery(delivery.clone(), at).await.map_err(failed),
            None => Ok(()),
        }
    }

    /// Puts the message back for `at`. If that is farther away than a queue's longest delay, the
    /// message comes back on the way and is put back again.
    pub(crate) async fn put_back(&self, message: Message, at: Timestamp) -> Result<(), WorkError> {
        let wait = at.since(self.clock.now());
        let is_far = wait > limits::QUEUE_DELAY;
        let message = Message { not_before: is_far.then_some(at), ..message };
        let sent = self.queue.send(&message, wait.min(limits::QUEUE_DELAY)).await;
        sent.map_err(|error| WorkError::new("put the webhook back", error))
    }

    async fn update_circuit(&self, settled: &Settled) -> Result<(), StoreError> {
        let delivery = &settled.delivery;
        match settled.verdict {
            Some(Verdict::Success) => match settled.began() {
                Some(began) if self.has_recovered(settled) || settled.had_failed => {
                    self.store.close_circuit(circuit_of(settled), began).await
                }
                _ => Ok(()),
            },
            // A failed test event is the sender's to see and does not count.
            Some(Verdict::Gone | Verdict::Permanent | Verdict::Transient(_))
                if delivery.webhook.event != EventType::EndpointTest =>
            {
                self.count_failure(settled).await
            }
            _ => Ok(()),
        }
    }

    /// Whether the destination had failed here; it is forgotten.
    fn has_recovered(&self, settled: &Settled) -> bool {
        self.failing().remove(&place(settled))
    }

    fn failing(&self) -> MutexGuard<'_, HashSet<(OwnerId, String)>> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn count_failure(&self, settled: &Settled) -> Result<(), StoreError> {
        let (now, key) = (self.clock.now(), circuit_of(settled));
        {
            let mut failing = self.failing();
            if failing.len() >= REMEMBERED {
                failing.clear();
            }
            failing.insert(place(settled));
        }
        let circuit = self.store.record_failure(key, now).await?;
        // What still waits for its answer may succeed: a burst whose refusals come first is not
        // yet a receiver that is down.
        let unanswered =
            self.bulkhead.unanswered(settled.delivery.webhook.owner.as_str(), &settled.destination);
        let is_certain = u32::try_from(unanswered).is_ok_and(|n| n <= circuit.consecutive_failures);
        if is_certain
            && let Some(until) = circuit.opens_until(now, random::fraction())
            && self.store.open_circuit(key, &circuit, until).await?
        {
            let (receiver, failures) = (&settled.destination, circuit.consecutive_failures);
            tracing::warn!(receiver, failures, %until, "circuit opened");
        }
        if circuit.is_permanent(now) {
            self.disable(settled, DisabledReason::Failing).await?;
        }
        Ok(())
    }

    /// Disables the endpoint, if the webhook was for one that still has the URL it was sent to.
    async fn disable(&self, settled: &Settled, reason: DisabledReason) -> Result<(), StoreError> {
        let webhook = &settled.delivery.webhook;
        let (Some(endpoint), Some(url)) = (webhook.receiver.endpoint(), &settled.attempted_url)
        else {
            return Ok(());
        };
        let now = self.clock.now();
        if self.store.disable_endpoint(&webhook.owner, endpoint, url, reason, now).await? {
            tracing::info!(%endpoint, ?reason, "endpoint disabled");
        }
        Ok(())
    }
}

/// The circuit that an attempt counts for.
fn circuit_of(settled: &Settled) -> CircuitKey<'_> {
    CircuitKey::Destination(&settled.delivery.webhook.owner, &settled.circuit_name)
}

fn place(settled: &Settled) -> (OwnerId, String) {
    (settled.delivery.webhook.owner.clone(), settled.destination.clone())
}

/// Whether the receiver's last answer was that it is gone for good.
fn is_gone(delivery: &Delivery) -> bool {
    delivery.status == DeliveryStatus::Exhausted
        && delivery.last_status_code() == Some(StatusCode::GONE.as_u16())
}
