//! Which webhooks an event becomes, and when a stored delivery is sent. Pure.

use domain::EndpointId;
use domain::delivery::Delivery;
use domain::endpoint::Endpoint;
use domain::webhook::{Event, Receiver};
use queues::message::Deliver;

/// An event and its receivers.
#[derive(Debug)]
pub(crate) struct Notification {
    /// The event.
    pub(crate) event: Event,
    /// Receivers besides the owner's endpoints: the URL given with the job or the project, the
    /// notification service.
    pub(crate) to: Vec<Receiver>,
    /// The endpoint that does not get it, since the event is about it.
    pub(crate) except: Option<EndpointId>,
}

impl Notification {
    /// The messages that send it: to each receiver of its own, and to each of the owner's
    /// `endpoints` that subscribes to the event.
    pub(crate) fn messages(&self, endpoints: &[Endpoint]) -> impl Iterator<Item = Deliver> {
        let subscribed = endpoints.iter().filter(|endpoint| {
            endpoint.subscribes_to(self.event.event) && self.except.as_ref() != Some(&endpoint.id)
        });
        let message = |receiver| Deliver::from(self.event.addressed_to(receiver));
        let to_endpoints = subscribed.map(move |endpoint| Deliver {
            destination: Some(endpoint.destination()),
            ..message(Receiver::Endpoint(endpoint.id.clone()))
        });
        self.to.iter().cloned().map(message).chain(to_endpoints)
    }
}

/// Whether the change from `old` to `new` is to send `new`: it was saved to be sent at once, or
/// was replayed. One that is saved while it waits has its message in the queue already.
pub(crate) fn is_to_be_sent(old: Option<&Delivery>, new: &Delivery) -> bool {
    match old {
        None => new.attempts_made == 0 && new.next_attempt_at == Some(new.webhook.occurred_at),
        Some(old) => new.replays > old.replays,
    }
}
