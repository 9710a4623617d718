//! Receives messages: at once, or after a wait for one.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use futures::FutureExt as _;
use rusqlite::{Transaction, params};
use tokio::time::{Instant, sleep, sleep_until};

use super::candidate::{Candidate, candidates};
use super::digest::MessageAttributes;
use super::{Queue, Queues, SqsError};

/// A message as one receive got it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedMessage {
    /// The same over all receives.
    pub message_id: String,
    /// Identifies this receive, to delete or hide the message.
    pub receipt_handle: String,
    /// The body as it was sent.
    pub body: String,
    /// MD5 of the body, in hex.
    pub md5_of_body: String,
    /// The attributes it was sent with.
    pub attributes: MessageAttributes,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// When it was received for the first time.
    pub first_received_at: Timestamp,
    /// How often it has been received, this receive included.
    pub receive_count: u32,
    /// The name of the queue it was moved from, if this is a dead-letter queue.
    pub moved_from: Option<String>,
    /// Its message group, if it has one.
    pub group: Option<String>,
    /// Its sender's trace header, if that had one.
    pub trace: Option<String>,
}

impl Queues {
    /// Receives up to `max` messages, waiting for at least one, for at most `wait` if given. They
    /// are hidden for `visibility`, or for the queue's visibility timeout. Dropping the future
    /// receives nothing.
    pub async fn receive(
        &self,
        name: &str,
        max: usize,
        visibility: Option<Duration>,
        wait: Option<Duration>,
    ) -> Result<Vec<ReceivedMessage>, SqsError> {
        let arrived = Arc::clone(&self.lock().queue(name)?.arrived);
        let end = wait.map(|wait| Instant::now() + wait);
        loop {
            // Both are registered before the messages are read, so that nothing in between is
            // missed.
            let mut arrival = pin!(arrived.notified());
            arrival.as_mut().enable();
            let mut moved = pin!(self.clock.changed().fuse());
            let _ = futures::poll!(moved.as_mut());
            let messages = self.receive_now(name, max, visibility)?;
            if !messages.is_empty() || end.is_some_and(|end| end <= Instant::now()) {
                return Ok(messages);
            }
            let due = self.due(name)?;
            tokio::select! {
                () = arrival => {}
                () = moved => {}
                () = sleep(due.unwrap_or_default()), if due.is_some() => {}
                () = sleep_until(end.unwrap_or_else(Instant::now)), if end.is_some() => {}
            }
        }
    }

    /// The time until a hidden message of the queue becomes visible.
    fn due(&self, name: &str) -> Result<Option<Duration>, SqsError> {
        let now = self.clock.now();
        let store = self.lock();
        Ok(store.due(store.queue(name)?, now)?.map(|due| due.since(now)))
    }

    /// Receives up to `max` of the messages visible now. Those received too often move to the
    /// dead-letter queue instead.
    pub(super) fn receive_now(
        &self,
        name: &str,
        max: usize,
        visibility: Option<Duration>,
    ) -> Result<Vec<ReceivedMessage>, SqsError> {
        let now = self.clock.now();
        let mut store = self.lock();
        let queue = store.queue(name)?.clone();
        let dead = queue.settings.redrive.as_ref().and_then(|redrive| {
            let queue = store.queues.get(&redrive.dead_letter_queue)?.clone();
            Some((queue, redrive.max_receive_count))
        });
        let timeout = Duration::from_secs(queue.settings.visibility_timeout.into());
        let hidden_until = now + visibility.unwrap_or(timeout);
        let transaction = store.connection.transaction()?;
        let mut received = Vec::new();
        loop {
            let wanted = max - received.len();
            let candidates = candidates(&transaction, &queue, wanted, now)?;
            let exhausted = candidates.len() < wanted;
            for candidate in candidates {
                match &dead {
                    Some((dead, most)) if candidate.message.receive_count > *most => {
                        move_to_dead_letter_queue(&transaction, candidate.id, dead, name, now)?;
                    }
                    _ => received.push(mark_received(&transaction, candidate, hidden_until)?),
                }
            }
            if exhausted || received.len() == max {
                break;
            }
        }
        transaction.commit()?;
        Ok(received)
    }
}

/// Marks a message as received.
fn mark_received(
    transaction: &Transaction<'_>,
    candidate: Candidate,
    hidden_until: Timestamp,
) -> Result<ReceivedMessage, SqsError> {
    let Candidate { id, attributes, mut message } = candidate;
    let receipt = i64::from_ne_bytes(getrandom::u64()?.to_ne_bytes());
    let mut statement = transaction.prepare_cached(
        "UPDATE messages SET visible_at = ?2, receive_count = ?3, first_received_at = ?4,
                receipt = ?5 WHERE id = ?1",
    )?;
    statement.execute(params![
        id,
        hidden_until.as_millis(),
        message.receive_count,
        message.first_received_at.as_millis(),
        receipt,
    ])?;
    message.receipt_handle = ReceiptHandle { id, receipt }.to_string();
    if let Some(document) = attributes {
        message.attributes = serde_json::from_str(&document).map_err(SqsError::Document)?;
    }
    Ok(message)
}

/// Moves a message to the dead-letter queue, where it is visible at once. It keeps its id and its
/// count, as in SQS.
fn move_to_dead_letter_queue(
    transaction: &Transaction<'_>,
    id: i64,
    dead: &Queue,
    from: &str,
    now: Timestamp,
) -> Result<(), SqsError> {
    let mut statement = transaction.prepare_cached(
        "UPDATE messages SET queue = ?2, visible_at = ?3, receipt = NULL, moved_from = ?4
         WHERE id = ?1",
    )?;
    statement.execute(params![id, dead.id, now.as_millis(), from])?;
    // Before the commit, but effective after it: a receiver must wait for the lock that is held
    // here.
    dead.arrived.notify_waiters();
    Ok(())
}

/// One receive of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReceiptHandle {
    /// The message's row.
    pub id: i64,
    /// Random for each receive.
    pub receipt: i64,
}

impl std::fmt::Display for ReceiptHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}{:016x}", self.id, self.receipt)
    }
}

impl std::str::FromStr for ReceiptHandle {
    type Err = SqsError;

    fn from_str(text: &str) -> Result<Self, SqsError> {
        let invalid = || SqsError::ReceiptHandleIsInvalid;
        let (id, receipt) = text.split_at_checked(16).ok_or_else(invalid)?;
        let number = |hex: &str| u64::from_str_radix(hex, 16).map_err(|_| invalid());
        if receipt.len() != 16 {
            return Err(invalid());
        }
        Ok(Self { id: number(id)?.cast_signed(), receipt: number(receipt)?.cast_signed() })
    }
}
