//! A webhook that is to be sent: its message, and what the table has about it.

use std::time::Duration;

use domain::circuit::{Circuit, CircuitState};
use domain::delivery::{Delivery, DiscardReason};
use domain::endpoint::{Endpoint, EndpointStatus, SigningScheme};
use domain::schedule::RetrySchedule;
use domain::secret_versions::SecretVersions;
use domain::webhook::{Receiver, Webhook};
use domain::{EventType, Timestamp};
use queues::message::Deliver as Message;
use runtime::queue::WorkError;
use store::{DeliveryContext, Seen, Store};

/// How long after the end of its schedule a webhook waits for an open circuit. Within this time
/// at least one probe is sent.
const GRACE: Duration = Duration::from_mins(30);

/// A webhook that is to be sent.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) message: Message,
    pub(crate) delivery: Delivery,
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) circuit: Option<Circuit>,
    pub(crate) is_recorded: bool,
    owner_secrets: SecretVersions,
}

impl Planned {
    /// Reads what the table has about the webhook of `message`.
    pub(crate) async fn read(store: &Store, message: Message) -> Result<Self, WorkError> {
        let Webhook { owner, id, receiver, .. } = &message.webhook;
        let context = store.delivery_context(owner, id, receiver).await;
        let DeliveryContext { delivery, circuit, endpoint, secrets } =
            context.map_err(|error| WorkError::new("read the delivery", error))?;
        Ok(Self {
            is_recorded: delivery.is_some(),
            delivery: delivery.unwrap_or_else(|| Delivery::pending(message.webhook.clone())),
            endpoint,
            circuit,
            owner_secrets: secrets,
            message,
        })
    }

    /// Whether the attempt that the message asks for has been made.
    pub(crate) fn was_attempted(&self) -> bool {
        self.delivery.attempts_made > self.message.attempts_made
    }

    /// The same webhook, whose delivery is `known` to have changed.
    pub(crate) fn rebased(self, known: Delivery) -> Self {
        Self { delivery: known, is_recorded: true, ..self }
    }

    /// The state on which a record builds.
    pub(crate) fn seen(&self) -> Seen {
        if self.is_recorded { Seen::from(&self.delivery) } else { Seen::default() }
    }

    /// The webhook as it is sent, with its body.
    pub(crate) const fn webhook(&self) -> &Webhook {
        &self.message.webhook
    }

    /// The URL of its receiver, if that has one and still exists. That of the notification
    /// service lies in our own configuration.
    pub(crate) fn url(&self) -> Option<&str> {
        match &self.webhook().receiver {
            Receiver::Url(url) => Some(url),
            Receiver::Endpoint(_) => self.endpoint.as_ref().map(|endpoint| endpoint.url.as_str()),
            Receiver::NotificationService => None,
        }
    }

    /// How it is signed, and by which versions of which secret.
    pub(crate) fn signing(&self) -> (SigningScheme, &SecretVersions) {
        self.endpoint.as_ref().map_or((SigningScheme::V1, &self.owner_secrets), |endpoint| {
            (endpoint.signing, &endpoint.secrets)
        })
    }

    pub(crate) fn schedule(&self) -> RetrySchedule<'_> {
        let own =
            self.endpoint.as_ref().and_then(|endpoint| endpoint.retry_schedule_seconds.as_deref());
        RetrySchedule::new(self.webhook().event, own)
    }

    /// Most deliveries a second to its receiver.
    pub(crate) fn rate_limit(&self) -> Option<u32> {
        self.endpoint.as_ref()?.rate_limit_per_second
    }

    /// The state of its receiver's circuit at `now`. A test event passes any: its sender may have
    /// just repaired the receiver.
    pub(crate) fn circuit_state(&self, now: Timestamp) -> CircuitState {
        match &self.circuit {
            Some(circuit) if !self.is_test() => circuit.state(now),
            _ => CircuitState::Closed,
        }
    }

    /// Why it is not sent at all, if its receiver does not exist any more.
    pub(crate) fn discard_reason(&self, has_notification_service: bool) -> Option<DiscardReason> {
        let endpoint = self.endpoint.as_ref().map(|endpoint| endpoint.status);
        match (&self.webhook().receiver, endpoint) {
            (Receiver::NotificationService, _) if !has_notification_service => {
                Some(DiscardReason::NoNotificationService)
            }
            (Receiver::Endpoint(_), None) => Some(DiscardReason::EndpointDeleted),
            (Receiver::Endpoint(_), Some(EndpointStatus::Disabled { .. })) if !self.is_test() => {
                Some(DiscardReason::EndpointDisabled)
            }
            _ => None,
        }
    }

    /// Whether it has waited until long after its schedule's end: no webhook waits for ever.
    pub(crate) fn is_overdue(&self, now: Timestamp) -> bool {
        now.since(self.delivery.waiting_since()) > self.schedule().span() + GRACE
    }

    fn is_test(&self) -> bool {
        self.webhook().event == EventType::EndpointTest
    }
}
