//! Sends webhooks to clients, and tries again until each has arrived or its schedule is over.
//!
//! A webhook goes through stages, each a type of its own, so that no step can be left out:
//! [`Planned`] (what the message and the table say) → [`Admitted`] (it may be sent now) →
//! [`Attempted`] (it was sent, and how that went) → [`Settled`] (what is to be recorded). What
//! may not be sent now is put back into the queue; what has nobody to go to is settled at once.

mod admission;
mod attempt;
mod bulkhead;
mod consequences;
mod headers;
mod notifications;
mod planned;

use domain::{Secret, Timestamp, limits};
use outbound::{Client, Guard};
use queues::Queue;
use queues::message::Deliver as Message;
use runtime::queue::{QueueFunction, Receipt, WorkError};
use runtime::{Clock, Context, StartError, random};
use store::{Recorded, Store};

use crate::admission::Admission;
use crate::attempt::{Attempted, Settled};
use crate::bulkhead::Bulkhead;
use crate::notifications::NotificationService;
use crate::planned::Planned;

/// How often an attempt's record is written anew because its delivery was replayed meanwhile.
const RECORD_TRIES: usize = 5;

/// The function.
#[derive(Debug)]
pub struct Deliver {
    store: Store,
    queue: Queue<Message>,
    client: Client,
    notifications: Option<NotificationService>,
    bulkhead: Bulkhead,
    master: Secret,
    clock: Clock,
}

impl QueueFunction for Deliver {
    const QUEUE: &'static str = "DELIVER_QUEUE_URL";

    type Message = Message;

    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        let guard = Guard {
            allow_loopback: environment.parsed("OUTBOUND_ALLOW_LOOPBACK", false)?,
            allowed_hosts: None,
        };
        Ok(Self {
            store: Store::new(&context.aws, environment.required("TABLE_NAME")?),
            queue: Queue::new(&context.aws, environment.required(Self::QUEUE)?),
            client: Client::new(guard)
                .map_err(|error| StartError::client("the HTTP client", &error))?,
            notifications: NotificationService::new(environment)?,
            bulkhead: Bulkhead::default(),
            master: environment.required_secret("SIGNING_KEY")?,
            clock: context.clock.clone(),
        })
    }

    async fn handle(&self, message: Message, receipt: Receipt) -> Result<(), WorkError> {
        if let Some(later) = message.not_before.filter(|time| *time > self.clock.now()) {
            return self.put_back(message, later).await;
        }
        let planned = self.plan(message).await?;
        if planned.was_attempted() {
            return self.pick_up(planned, receipt).await;
        }
        match self.admit(planned).await? {
            Admission::Granted(admitted) => self.settle(self.attempt(admitted).await?).await,
            Admission::Held(planned, until) => self.hold(planned, until).await,
            Admission::Refused(settled) => self.close(settled).await,
        }
    }
}

impl Deliver {
    /// Reads what the table says about the webhook.
    async fn plan(&self, message: Message) -> Result<Planned, WorkError> {
        let context = self
            .store
            .delivery_context(
                &message.webhook.owner,
                &message.webhook.id,
                &message.webhook.receiver,
            )
            .await;
        let context = context.map_err(|error| WorkError::new("read the delivery", error))?;
        Ok(Planned::new(message, context))
    }

    /// Records the attempt, and only then does what follows from it.
    async fn settle(&self, mut attempted: Attempted) -> Result<(), WorkError> {
        for _ in 0..RECORD_TRIES {
            let settled = attempted.settle(random::fraction());
            match self.record(&settled).await? {
                Recorded::Done => return self.follow_up(settled).await,
                // The SDK has sent the record again after its first answer was lost.
                Recorded::Conflict(known) if settled.is_recorded_in(&known) => {
                    return self.follow_up(settled).await;
                }
                // Its owner has asked for a replay while it was on its way.
                Recorded::Conflict(known) if attempted.was_replayed(&known) => {
                    attempted = attempted.rebased(*known);
                }
                Recorded::Conflict(_) => return Ok(()),
            }
        }
        Err(WorkError::new("record the attempt", "the delivery keeps being replayed"))
    }

    /// Records the end of a webhook that is not sent.
    async fn close(&self, settled: Settled) -> Result<(), WorkError> {
        self.record(&settled).await.map(drop)
    }

    async fn record(&self, settled: &Settled) -> Result<Recorded, WorkError> {
        let delivery = settled.delivery();
        tracing::info!(message_id = %delivery.webhook.id, event = %delivery.webhook.event,
            receiver = delivery.webhook.receiver.key(), attempt = delivery.attempts_made,
            outcome = delivery.status.as_str(), status_code = ?delivery.last_status_code(),
            "webhook settled");
        let recorded = self.store.record_delivery(delivery, settled.seen()).await;
        recorded.map_err(|error| WorkError::new("record the attempt", error))
    }

    /// Puts a webhook back that may not be sent now. What has to wait for longer than a moment
    /// is recorded, so that its owner sees it waiting.
    async fn hold(&self, planned: Planned, until: Timestamp) -> Result<(), WorkError> {
        if let Some(waiting) = planned.waiting(self.clock.now(), until) {
            self.record(&waiting).await?;
        }
        self.put_back(planned.into_message(), until).await
    }

    /// The attempt that this message asks for has been recorded. If this is its first receipt
    /// it is a copy, and whoever made the attempt sends the next message; if it has been
    /// handed out before, its worker may have died before it could.
    async fn pick_up(&self, planned: Planned, receipt: Receipt) -> Result<(), WorkError> {
        if receipt.receive_count == 1 {
            return Ok(());
        }
        self.catch_up(planned.into_settled()).await
    }

    /// Puts the message back for `at`; farther away than a queue's longest delay, it comes by
    /// on the way and is put back again.
    async fn put_back(&self, message: Message, at: Timestamp) -> Result<(), WorkError> {
        let wait = at.since(self.clock.now());
        let far = wait > limits::QUEUE_DELAY;
        let message = Message { not_before: far.then_some(at), ..message };
        let sent = self.queue.send(&message, wait.min(limits::QUEUE_DELAY)).await;
        sent.map_err(|error| WorkError::new("put the webhook back", error))
    }
}
