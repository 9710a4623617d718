//! Sends webhooks to clients, and tries again until each has arrived or its schedule is over.

mod attempt;
mod headers;

use std::time::Duration;

use domain::delivery::Delivery;
use domain::{Secret, Timestamp, limits};
use outbound::{Client, Guard};
use queues::Queue;
use queues::message::Deliver as Message;
use runtime::queue::{QueueFunction, Receipt, WorkError};
use runtime::{Clock, Context, StartError, random};
use store::{Recorded, Store};

/// Whole time for one attempt, answer included (product: "whole request 15 s").
const ATTEMPT: Duration = Duration::from_secs(15);

/// The function.
#[derive(Debug)]
pub struct Deliver {
    store: Store,
    queue: Queue<Message>,
    client: Client,
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
            master: environment.required_secret("SIGNING_KEY")?,
            clock: context.clock.clone(),
        })
    }

    async fn handle(&self, message: Message, receipt: Receipt) -> Result<(), WorkError> {
        if let Some(later) = message.not_before.filter(|time| *time > self.clock.now()) {
            return self.send_again(message, later).await;
        }
        let known = self.store.delivery(&message.id).await;
        let known = known.map_err(|error| WorkError::new("read the delivery", error))?;
        match known {
            Some(known) if known.attempt_count() > message.attempts_made => {
                self.pick_up(message, &known, receipt).await
            }
            known => self.attempt(message, known).await,
        }
    }
}

impl Deliver {
    /// Makes the attempt, records it, and only then sends the message for the next one.
    async fn attempt(&self, message: Message, known: Option<Delivery>) -> Result<(), WorkError> {
        let signing = "sign the webhook";
        let headers = headers::signed(&message, &self.master, self.clock.now())
            .map_err(|error| WorkError::new(signing, error))?;
        let outcome = attempt::post(&self.client, &message, headers, self.clock.now()).await;
        let delivery = outcome.record(&message, known, random::fraction());
        tracing::info!(message_id = %delivery.id, job_id = %delivery.job_id,
            event = %delivery.event, attempt = delivery.attempt_count(),
            outcome = ?delivery.status, status_code = ?delivery.last_status_code(), "webhook sent");
        let recorded = self.store.record_attempt(&delivery).await;
        match recorded.map_err(|error| WorkError::new("record the attempt", error))? {
            Recorded::Done => self.plan_next(message, &delivery).await,
            // The SDK has sent the record again after its first answer was lost.
            Recorded::Overtaken(known) if known.attempts.last() == delivery.attempts.last() => {
                self.plan_next(message, &delivery).await
            }
            Recorded::Overtaken(_) => Ok(()),
        }
    }

    /// The attempt that this message asks for has been recorded. If this is its first receipt
    /// it is a copy, and whoever made the attempt sends the next message; if it has been
    /// handed out before, its worker may have died before it could.
    async fn pick_up(
        &self,
        message: Message,
        known: &Delivery,
        receipt: Receipt,
    ) -> Result<(), WorkError> {
        if receipt.receive_count > 1 { self.plan_next(message, known).await } else { Ok(()) }
    }

    async fn plan_next(&self, message: Message, delivery: &Delivery) -> Result<(), WorkError> {
        let Some(at) = delivery.next_attempt_at.filter(|_| delivery.is_retrying()) else {
            return Ok(());
        };
        let attempts_made = delivery.attempt_count();
        self.send_again(Message { attempts_made, ..message }, at).await
    }

    /// Puts the message back for `at`; farther away than a queue's longest delay, it comes by
    /// on the way and is put back again.
    async fn send_again(&self, message: Message, at: Timestamp) -> Result<(), WorkError> {
        let wait = at.since(self.clock.now());
        let far = wait > limits::QUEUE_DELAY;
        let message = Message { not_before: far.then_some(at), ..message };
        let sent = self.queue.send(&message, wait.min(limits::QUEUE_DELAY)).await;
        sent.map_err(|error| WorkError::new("put the webhook back", error))
    }
}
