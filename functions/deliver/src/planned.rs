//! A webhook that is to be sent: what its message says, and what the table says about it.

use std::time::Duration;

use domain::delivery::{Delivery, DeliveryAttempt, DeliveryStatus, DiscardReason};
use domain::endpoint::{Endpoint, EndpointStatus, SigningScheme};
use domain::health::{Gate, Health};
use domain::schedule::RetrySchedule;
use domain::secret_versions::SecretVersions;
use domain::webhook::Receiver;
use domain::{EventType, Timestamp};
use queues::message::Deliver as Message;
use store::{DeliveryContext, Seen};

use crate::attempt::Settled;

/// From which wait on a webhook that was never tried is recorded as waiting.
const VISIBLE: Duration = Duration::from_secs(10);
/// How long after the end of its schedule a webhook waits for a receiver that is left alone.
/// Within this time at least one probe is sent.
const GRACE: Duration = Duration::from_mins(30);

/// A webhook that is to be sent.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) message: Message,
    pub(crate) delivery: Delivery,
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) health: Option<Health>,
    owner_secrets: SecretVersions,
    is_recorded: bool,
}

impl Planned {
    pub(crate) fn new(message: Message, context: DeliveryContext) -> Self {
        let DeliveryContext { delivery, health, endpoint, secrets } = context;
        Self {
            is_recorded: delivery.is_some(),
            delivery: delivery.unwrap_or_else(|| Delivery::pending(message.webhook.clone())),
            endpoint,
            health,
            owner_secrets: secrets,
            message,
        }
    }

    /// Whether the attempt that the message asks for has been made.
    pub(crate) fn was_attempted(&self) -> bool {
        self.delivery.attempts_made > self.message.attempts_made
    }

    /// The same webhook, whose delivery is `known` to be another by now.
    pub(crate) fn with(self, known: Delivery) -> Self {
        Self { delivery: known, is_recorded: true, ..self }
    }

    /// The state on which a record builds.
    pub(crate) fn seen(&self) -> Seen {
        if self.is_recorded { Seen::from(&self.delivery) } else { Seen::default() }
    }

    /// The address of its receiver, if that has one and still exists. Of the notification service
    /// our own configuration knows it.
    pub(crate) fn url(&self) -> Option<&str> {
        match &self.message.webhook.receiver {
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
        RetrySchedule::new(self.message.webhook.event, own)
    }

    /// Most deliveries a second that its receiver wants.
    pub(crate) fn rate_limit(&self) -> Option<u32> {
        self.endpoint.as_ref()?.rate_limit_per_second
    }

    /// Whether its receiver is left alone at `now`. A test goes through: whoever sends one wants
    /// to know, and may have just mended what was wrong.
    pub(crate) fn gate(&self, now: Timestamp) -> Gate {
        match &self.health {
            Some(health) if !self.is_test() => health.gate(now),
            _ => Gate::Closed,
        }
    }

    /// The end of it, if it is not to be sent at all: nobody is there any more.
    pub(crate) fn discarded(&self, has_notification_service: bool) -> Option<Settled> {
        let endpoint = self.endpoint.as_ref().map(|endpoint| endpoint.status);
        let reason = match (&self.message.webhook.receiver, endpoint) {
            (Receiver::NotificationService, _) if !has_notification_service => {
                DiscardReason::NoNotificationService
            }
            (Receiver::Endpoint(_), None) => DiscardReason::EndpointDeleted,
            (Receiver::Endpoint(_), Some(EndpointStatus::Disabled { .. })) if !self.is_test() => {
                DiscardReason::EndpointDisabled
            }
            _ => return None,
        };
        let mut delivery = self.delivery.clone();
        delivery.status = DeliveryStatus::Discarded;
        delivery.reason = Some(reason);
        delivery.next_attempt_at = None;
        Some(Settled::unsent(self, delivery))
    }

    /// The end of it, if its receiver has been left alone until long after the schedule's end:
    /// no webhook waits for ever.
    pub(crate) fn overdue(&self, now: Timestamp) -> Option<Settled> {
        let waited = now.since(self.delivery.waiting_since());
        if waited <= self.schedule().span() + GRACE {
            return None;
        }
        let mut delivery = self.delivery.clone();
        delivery.status = DeliveryStatus::Exhausted;
        delivery.next_attempt_at = None;
        delivery.push(DeliveryAttempt {
            at: now,
            status_code: None,
            latency_ms: 0,
            error: Some("not sent: the receiver has failed too often to be tried".to_owned()),
            answer: None,
            remote_address: None,
        });
        Some(Settled::unsent(self, delivery))
    }

    /// The record of its waiting until `until`, if there is none and it is worth one.
    pub(crate) fn waiting(&self, now: Timestamp, until: Timestamp) -> Option<Settled> {
        if self.is_recorded || until.since(now) < VISIBLE {
            return None;
        }
        let delivery = Delivery { next_attempt_at: Some(until), ..self.delivery.clone() };
        Some(Settled::unsent(self, delivery))
    }

    pub(crate) fn into_settled(self) -> Settled {
        Settled::unsent(&self, self.delivery.clone())
    }

    pub(crate) fn into_message(self) -> Message {
        self.message
    }

    fn is_test(&self) -> bool {
        self.message.webhook.event == EventType::EndpointTest
    }
}
