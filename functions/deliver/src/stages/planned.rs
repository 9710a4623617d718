//! A webhook that is to be sent: its message, and what the table has about it.

use std::time::Duration;

use domain::circuit::{Circuit, CircuitState, PROBE_DURATION};
use domain::delivery::{Delivery, DiscardReason};
use domain::endpoint::{Endpoint, EndpointStatus, SigningScheme};
use domain::schedule::RetrySchedule;
use domain::secret_versions::SecretVersions;
use domain::webhook::{Receiver, Webhook};
use domain::{EventType, Timestamp};
use queues::message::Deliver as Message;
use runtime::queue::WorkError;
use store::{DeliveryContext, OwnerShare, Seen, Store};

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
    /// What names the place that its receiver's URL leads to.
    pub(crate) destination: String,
    /// The name of the circuit that it belongs to: its destination, or its endpoint where that has
    /// one of version 0.1 that is not closed yet.
    pub(crate) circuit_name: String,
    pub(crate) share: OwnerShare,
    owner_secrets: SecretVersions,
}

impl Planned {
    /// Reads what the table has about the webhook of `message`.
    pub(crate) async fn read(store: &Store, mut message: Message) -> Result<Self, WorkError> {
        let failed = |error| WorkError::new("read the delivery", error);
        let Webhook { owner, id, receiver, .. } = &message.webhook;
        let expected = message.destination.take().unwrap_or_else(|| receiver.key());
        let context = store.delivery_context(owner, id, receiver, &expected).await;
        let DeliveryContext { delivery, mut circuit, endpoint, share, secrets } =
            context.map_err(failed)?;
        if let Some(endpoint) = &endpoint {
            let destination = endpoint.destination();
            if destination != expected {
                let of_it = store.destination_circuit(owner, &destination).await;
                let of_it = of_it.map_err(failed)?;
                circuit = of_it.map(|of_it| (destination.clone(), of_it)).or(circuit.filter(
                    // That of another URL is not this endpoint's; that of the endpoint is.
                    |(name, _)| *name == endpoint.id.as_str(),
                ));
            }
            message.destination = Some(destination);
        }
        let destination = message.destination.clone().unwrap_or(expected);
        let (circuit_name, circuit) = match circuit {
            Some((name, circuit)) => (name, Some(circuit)),
            None => (destination.clone(), None),
        };
        Ok(Self {
            destination,
            circuit_name,
            is_recorded: delivery.is_some(),
            delivery: delivery.unwrap_or_else(|| Delivery::pending(message.webhook.clone())),
            endpoint,
            circuit,
            share,
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

    /// The state of its destination's circuit at `now`. For a test event an open one counts as
    /// half-open, since its sender may have just repaired the receiver: it is the probe.
    pub(crate) fn circuit_state(&self, now: Timestamp) -> CircuitState {
        let state =
            self.circuit.as_ref().map_or(CircuitState::Closed, |circuit| circuit.state(now));
        match state {
            CircuitState::Open(_) if self.is_test() && !self.is_probed(now) => {
                CircuitState::HalfOpen(now + PROBE_DURATION)
            }
            state => state,
        }
    }

    fn is_probed(&self, now: Timestamp) -> bool {
        let probe = self.circuit.as_ref().and_then(|circuit| circuit.probe_until);
        probe.is_some_and(|until| until > now)
    }

    /// Until when its destination's circuit is or was open.
    pub(crate) fn opened_until(&self) -> Option<Timestamp> {
        self.circuit.as_ref()?.open_until
    }

    /// Why it is not sent at all, if its receiver does not exist any more, or what it says was
    /// erased.
    pub(crate) fn discard_reason(&self, has_notification_service: bool) -> Option<DiscardReason> {
        if self.delivery.erased_at.is_some() && !self.webhook().event.is_cancellation() {
            return Some(DiscardReason::Erased);
        }
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
