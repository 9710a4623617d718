//! Sends webhooks to clients, with retries until each has arrived or its schedule is exhausted.
//!
//! Invariants:
//! - A webhook has one id and one body over all attempts.
//! - An attempt is recorded before anything follows from it; the record is conditional on what
//!   was read, so an attempt counts once whatever is received twice.
//! - What its receiver has accepted is delivered, whichever copy of its message was recorded first.
//! - A webhook that may not be sent now goes back into the queue; none is dropped unrecorded.
//! - No body is stored of a job or project that was erased, and none is sent but of a cancellation.
//! - A test event passes an open circuit, as its probe; nothing else does.
//! - No owner, host or destination holds the places of all others, in an instance (`bulkhead`) or
//!   across them (`owner_share`).
//!
//! Forbidden: reading more of a job or project than whether it was erased (the message carries the
//! webhook), naming keys of the table, calling a client's URL except through `outbound`.
//!
//! To extend: a kind of receiver is a variant of `domain::webhook::Receiver`, its URL and refusal
//! in `stages::planned`, its headers in `headers`; a limit on sending is a step of
//! `stages::admitted`; a reaction to an outcome belongs in `follow_up`.

mod bulkhead;
mod follow_up;
mod headers;
mod notifications;
mod owner_share;
mod stages;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::Timestamp;
use outbound::{Client, Guard, Ports};
use queues::Queue;
use queues::message::Deliver as Message;
use runtime::queue::{QueueFunction, Receipt, WorkError};
use runtime::{Clock, Context, StartError, random};
use store::{Recorded, Store};

use crate::bulkhead::Bulkhead;
use crate::follow_up::FollowUp;
use crate::notifications::NotificationService;
use crate::owner_share::Shares;
use crate::stages::admitted::{Admission, Admitter};
use crate::stages::attempted::{Attempted, Sender};
use crate::stages::planned::Planned;
use crate::stages::settled::Settled;

/// For how long after an attempt the first receipt of its message may be a copy that SQS has made.
/// Afterwards it was redriven: its retries alone take longer.
const COPIES: Duration = Duration::from_mins(5);

/// How many instances run at a time at most, where the environment does not say.
const CONCURRENCY: u16 = 100;

/// How often an attempt is recorded again because its delivery has changed meanwhile.
const RECORD_TRIES: usize = 5;

/// The function.
#[derive(Debug)]
pub struct Deliver {
    store: Store,
    admitter: Admitter,
    sender: Sender,
    follow_up: FollowUp,
    clock: Clock,
}

impl QueueFunction for Deliver {
    const QUEUE: &'static str = "DELIVER_QUEUE_URL";

    type Message = Message;

    fn new(context: &Context) -> Result<Self, StartError> {
        let (environment, clock) = (&context.environment, || context.clock.clone());
        let store = Store::new(&context.aws, environment.required("TABLE_NAME")?);
        let queue = Queue::new(&context.aws, environment.required(Self::QUEUE)?);
        let guard = Guard {
            allow_loopback: environment.parsed("OUTBOUND_ALLOW_LOOPBACK", false)?,
            refused_ports: environment.parsed("OUTBOUND_REFUSED_PORTS", Ports::default())?,
            allowed_hosts: None,
            private_hosts: Vec::new(),
        };
        let client =
            Client::new(guard).map_err(|error| StartError::client("the HTTP client", &error))?;
        let notifications = NotificationService::new(environment)?;
        let bulkhead = Arc::<Bulkhead>::default();
        let concurrency = environment.parsed("DELIVER_CONCURRENCY", CONCURRENCY)?;
        Ok(Self {
            admitter: Admitter {
                store: store.clone(),
                bulkhead: Arc::clone(&bulkhead),
                has_notification_service: notifications.is_some(),
                slots: owner_share::slots(concurrency),
                clock: clock(),
            },
            sender: Sender {
                client,
                notifications,
                master: environment.required_secret("SIGNING_KEY")?,
                shares: Shares::new(store.clone(), clock(), concurrency),
                clock: clock(),
            },
            follow_up: FollowUp {
                store: store.clone(),
                queue,
                clock: clock(),
                bulkhead,
                failing: Mutex::default(),
            },
            store,
            clock: clock(),
        })
    }

    async fn handle(&self, message: Message, receipt: Receipt) -> Result<(), WorkError> {
        if let Some(later) = message.not_before.filter(|time| *time > self.clock.now()) {
            return self.follow_up.put_back(message, later).await;
        }
        let planned = Planned::read(&self.store, message).await?;
        if planned.was_attempted() {
            return self.pick_up(&planned, receipt).await;
        }
        match self.admitter.admit(planned).await? {
            Admission::Granted(admitted) => self.settle(self.sender.attempt(admitted).await?).await,
            Admission::Held(planned, until) => self.hold(planned, until).await,
            Admission::Refused(planned, refusal) => {
                let refused = Settled::refused(&planned, refusal);
                refused.record(&self.store).await?;
                self.follow_up.erase_if_purged(&refused.delivery).await
            }
        }
    }
}

impl Deliver {
    /// Records the attempt, and only then does what follows from it.
    async fn settle(&self, mut attempted: Attempted) -> Result<(), WorkError> {
        for _ in 0..RECORD_TRIES {
            let settled = Settled::attempted(&attempted, random::fraction());
            match settled.record(&self.store).await? {
                Recorded::Done => return self.follow_up.attempt(settled).await,
                // The SDK has sent the record again after its first answer was lost.
                Recorded::Conflict(known) if settled.is_recorded_in(&known) => {
                    return self.follow_up.attempt(settled).await;
                }
                Recorded::Conflict(known) if attempted.still_counts(&known) => {
                    attempted = attempted.rebased(*known);
                }
                // A copy of the message was quicker.
                Recorded::Conflict(_) => return Ok(()),
            }
        }
        Err(WorkError::new("record the attempt", "the delivery keeps changing"))
    }

    /// Puts a webhook back that may not be sent now. One that waits for more than a few seconds
    /// is recorded, so that its owner sees it waiting.
    async fn hold(&self, planned: Planned, until: Timestamp) -> Result<(), WorkError> {
        if let Some(waiting) = Settled::waiting(&planned, self.clock.now(), until) {
            waiting.record(&self.store).await?;
            self.follow_up.erase_if_purged(&waiting.delivery).await?;
        }
        self.follow_up.put_back(planned.message, until).await
    }

    /// The attempt that this message asks for has been recorded. On the first receipt this is a
    /// copy, and the invocation that made the attempt sends the next message. On a later receipt,
    /// or the first one of a message that was redriven, no invocation may have.
    async fn pick_up(&self, planned: &Planned, receipt: Receipt) -> Result<(), WorkError> {
        let age = planned.delivery.attempts.last().map(|last| self.clock.now().since(last.at));
        if receipt.receive_count == 1 && age.is_none_or(|age| age < COPIES) {
            return Ok(());
        }
        self.follow_up.record(Settled::recorded(planned)).await
    }
}
