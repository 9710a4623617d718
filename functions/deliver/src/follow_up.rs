//! What follows from a record: the next attempt, and what it means for the receiver.

use domain::delivery::{Delivery, DeliveryStatus};
use domain::endpoint::DisabledReason;
use domain::{EventType, Timestamp, limits};
use http::StatusCode;
use queues::Queue;
use queues::message::Deliver as Message;
use runtime::queue::WorkError;
use runtime::{Clock, random};
use store::{CircuitKey, Store, StoreError};

use crate::stages::attempted::Verdict;
use crate::stages::settled::Settled;

/// Does what follows from records.
#[derive(Debug)]
pub(crate) struct FollowUp {
    pub(crate) store: Store,
    pub(crate) queue: Queue<Message>,
    pub(crate) clock: Clock,
}

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
            let disabled = self.disable(&settled.delivery, DisabledReason::Gone).await;
            disabled.map_err(|error| WorkError::new("disable the endpoint", error))?;
        }
        match settled.next() {
            Some((message, at)) => self.put_back(message, at).await,
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
            Some(Verdict::Success) if settled.had_failed => {
                self.store.close_circuit(circuit_of(delivery)).await
            }
            // A failed test event is the sender's to see and does not count.
            Some(Verdict::Gone | Verdict::Permanent | Verdict::Transient(_))
                if delivery.webhook.event != EventType::EndpointTest =>
            {
                self.count_failure(delivery).await
            }
            _ => Ok(()),
        }
    }

    async fn count_failure(&self, delivery: &Delivery) -> Result<(), StoreError> {
        let (now, key) = (self.clock.now(), circuit_of(delivery));
        let circuit = self.store.record_failure(key, now).await?;
        if let Some(until) = circuit.opens_until(now, random::fraction())
            && self.store.open_circuit(key, &circuit, until).await?
        {
            let (receiver, failures) =
                (delivery.webhook.receiver.key(), circuit.consecutive_failures);
            tracing::warn!(receiver, failures, %until, "circuit opened");
        }
        if circuit.is_permanent(now) {
            self.disable(delivery, DisabledReason::Failing).await?;
        }
        Ok(())
    }

    /// Disables the endpoint, if the webhook was for one.
    async fn disable(&self, delivery: &Delivery, reason: DisabledReason) -> Result<(), StoreError> {
        let webhook = &delivery.webhook;
        let Some(endpoint) = webhook.receiver.endpoint() else { return Ok(()) };
        let now = self.clock.now();
        if self.store.disable_endpoint(&webhook.owner, endpoint, reason, now).await? {
            tracing::info!(%endpoint, ?reason, "endpoint disabled");
        }
        Ok(())
    }
}

/// The circuit that an attempt at `delivery` counts for.
const fn circuit_of(delivery: &Delivery) -> CircuitKey<'_> {
    CircuitKey::Receiver(&delivery.webhook.owner, &delivery.webhook.receiver)
}

/// Whether the receiver's last answer was that it is gone for good.
fn is_gone(delivery: &Delivery) -> bool {
    delivery.status == DeliveryStatus::Exhausted
        && delivery.last_status_code() == Some(StatusCode::GONE.as_u16())
}
