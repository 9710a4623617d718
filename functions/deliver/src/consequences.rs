//! What follows from an attempt once it is recorded: the next one, and what it says about the
//! receiver.

use domain::EventType;
use domain::delivery::{Delivery, DeliveryStatus};
use domain::endpoint::DisabledReason;
use http::StatusCode;
use runtime::queue::WorkError;
use runtime::random;
use store::{HealthOf, StoreError};

use crate::Deliver;
use crate::attempt::{Settled, Verdict};

impl Deliver {
    /// What follows from an attempt that has just been recorded.
    pub(crate) async fn follow_up(&self, settled: Settled) -> Result<(), WorkError> {
        // The count of failures is advice: without it the next attempt is made all the same,
        // and the next failure counts again.
        if let Err(error) = self.note_health(&settled).await {
            tracing::warn!(cause = %error, "the receiver's health stays as it was");
        }
        self.catch_up(settled).await
    }

    /// What must follow from an attempt that has been recorded, whoever recorded it. Doing it
    /// twice does no harm.
    pub(crate) async fn catch_up(&self, settled: Settled) -> Result<(), WorkError> {
        if is_gone(settled.delivery()) {
            let disabled = self.disable(settled.delivery(), DisabledReason::Gone).await;
            disabled.map_err(|error| WorkError::new("disable the endpoint", error))?;
        }
        match settled.next() {
            Some((message, at)) => self.put_back(message, at).await,
            None => Ok(()),
        }
    }

    async fn note_health(&self, settled: &Settled) -> Result<(), StoreError> {
        match settled.verdict {
            Some(Verdict::Success) if settled.had_failed => {
                let delivery = settled.delivery();
                self.store.forget_failures(health_of(delivery)).await
            }
            // A test that fails is the owner's, who sees it.
            Some(Verdict::Gone | Verdict::Hopeless | Verdict::Failure(_))
                if settled.delivery().webhook.event != EventType::EndpointTest =>
            {
                self.note_failure(settled.delivery()).await
            }
            _ => Ok(()),
        }
    }

    async fn note_failure(&self, delivery: &Delivery) -> Result<(), StoreError> {
        let now = self.clock.now();
        let health = self.store.record_failure(health_of(delivery), now).await?;
        if let Some(until) = health.rest(now, random::fraction()) {
            self.store.open_circuit(health_of(delivery), &health, until).await?;
        }
        if health.is_hopeless(now) {
            self.disable(delivery, DisabledReason::Failing).await?;
        }
        Ok(())
    }

    /// Takes the endpoint out of use, if the webhook was for one.
    async fn disable(&self, delivery: &Delivery, reason: DisabledReason) -> Result<(), StoreError> {
        let Some(endpoint) = delivery.webhook.receiver.endpoint() else {
            return Ok(());
        };
        let now = self.clock.now();
        let disabled =
            self.store.disable_endpoint(&delivery.webhook.owner, endpoint, reason, now).await?;
        if disabled {
            tracing::info!(%endpoint, ?reason, "endpoint disabled");
        }
        Ok(())
    }
}

/// Whose health an attempt at `delivery` says something about.
const fn health_of(delivery: &Delivery) -> HealthOf<'_> {
    HealthOf::Receiver(&delivery.webhook.owner, &delivery.webhook.receiver)
}

/// Whether the receiver's last word was that it is gone for good.
fn is_gone(delivery: &Delivery) -> bool {
    delivery.status == DeliveryStatus::Exhausted
        && delivery.last_status_code() == Some(StatusCode::GONE.as_u16())
}
