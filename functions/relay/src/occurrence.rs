//! What webhooks are to tell of, and whom.

use domain::delivery::{Delivery, Receiver};
use domain::endpoint::Endpoint;
use domain::{EndpointId, EventType, JobId, MessageId, OwnerId, ProjectId, Timestamp};
use queues::message::Deliver;

/// Something that an owner wants to be told of.
#[derive(Debug)]
pub(crate) struct Occurrence {
    /// Whom to tell.
    pub(crate) owner: OwnerId,
    /// What happened.
    pub(crate) event: EventType,
    /// What it happened to, and which time if it can happen again. Ids follow from it.
    pub(crate) subject: String,
    /// When it happened.
    pub(crate) occurred_at: Timestamp,
    /// The job it is about, if it is about one.
    pub(crate) job_id: Option<JobId>,
    /// The project it is about, if it is about one.
    pub(crate) project_id: Option<ProjectId>,
    /// What to say.
    pub(crate) body: String,
    /// Who is to be told besides the owner's endpoints: the address that the job or the project
    /// was given, the notification service.
    pub(crate) to: Vec<Receiver>,
    /// The endpoint that is not told, since it is the trouble.
    pub(crate) except: Option<EndpointId>,
}

impl Occurrence {
    /// A message for each receiver among the owner's `endpoints`, and for those of its own.
    pub(crate) fn messages(&self, endpoints: &[Endpoint]) -> impl Iterator<Item = Deliver> {
        let wanting = endpoints.iter().filter(|endpoint| {
            endpoint.wants(self.event) && self.except.as_ref() != Some(&endpoint.id)
        });
        let own = self.to.iter().cloned();
        own.chain(wanting.map(|endpoint| Receiver::Endpoint(endpoint.id.clone())))
            .map(|receiver| self.message(receiver))
    }

    fn message(&self, receiver: Receiver) -> Deliver {
        Deliver {
            id: MessageId::for_event(&self.subject, self.event, &receiver.key()),
            owner: self.owner.clone(),
            event: self.event,
            occurred_at: self.occurred_at,
            job_id: self.job_id.clone(),
            project_id: self.project_id.clone(),
            receiver,
            body: self.body.clone(),
            attempts_made: 0,
            not_before: None,
            turn_at: None,
        }
    }
}

/// Whether the change from `old` to `new` asks for `new` to be sent: it was saved for that, or
/// has been replayed. One that is saved while it waits for its turn has its message.
pub(crate) fn asks_to_be_sent(old: Option<&Delivery>, new: &Delivery) -> bool {
    match old {
        None => new.attempts_made == 0 && new.next_attempt_at == Some(new.created_at),
        Some(old) => new.replays > old.replays,
    }
}

/// The message that has `delivery` sent with `body`.
pub(crate) fn resent(delivery: Delivery, body: String) -> Deliver {
    Deliver {
        id: delivery.id,
        owner: delivery.owner,
        event: delivery.event,
        occurred_at: delivery.created_at,
        job_id: delivery.job_id,
        project_id: delivery.project_id,
        receiver: delivery.receiver,
        body,
        attempts_made: delivery.attempts_made,
        not_before: None,
        turn_at: None,
    }
}
