//! The poller of a queue: receives batches and invokes the function with them.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::batch::Failed;
use super::{MappingContext, SOURCE_RETRY, message_event};
use crate::activity::Busy;
use crate::aws::{ReceivedMessage, SqsError};
use crate::lineage::Lineage;
use crate::meter::measured;
use crate::template::QueueMapping;

/// Most concurrent invocations for a queue whose mapping sets no limit. Lambda goes up to 1,000; on
/// one machine more would only compete.
const DEFAULT_CONCURRENCY: usize = 32;

/// Passes the messages of one queue to one function.
#[derive(Clone)]
pub struct QueuePoller {
    function: Arc<str>,
    mapping: Arc<QueueMapping>,
    context: MappingContext,
    permits: Arc<Semaphore>,
}

impl QueuePoller {
    /// A poller for `mapping` of `function`.
    pub fn new(function: &str, mapping: QueueMapping, context: MappingContext) -> Self {
        let concurrency = mapping.maximum_concurrency.unwrap_or(DEFAULT_CONCURRENCY);
        Self {
            function: function.into(),
            mapping: Arc::new(mapping),
            context,
            permits: Arc::new(Semaphore::new(concurrency)),
        }
    }

    /// Polls until the mappings are stopped. Invocations that run then are not stopped here.
    pub async fn run(self) {
        while let Some((batch, busy, permit)) =
            self.context.unless_stopped(measured("queue receives", self.next())).await
        {
            let poller = self.clone();
            tokio::spawn(async move {
                measured("queue batches", poller.process(batch)).await;
                drop((busy, permit));
            });
        }
    }

    /// The next batch, once a further invocation is permitted.
    async fn next(&self) -> (Vec<ReceivedMessage>, Busy, Option<OwnedSemaphorePermit>) {
        // The semaphore is never closed, so a permit always comes.
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok();
        loop {
            let (batch, busy) = self.gather().await;
            match batch {
                Ok(batch) => return (batch, busy, permit),
                Err(error) => {
                    tracing::error!(kind = "queue", what = self.mapping.queue, "receive: {error}");
                    drop(self.context.pause(busy, SOURCE_RETRY).await);
                }
            }
        }
    }

    /// At least one message, and up to a full batch of those that arrive within the batch window.
    async fn gather(&self) -> (Result<Vec<ReceivedMessage>, SqsError>, Busy) {
        let MappingContext { activity, clock, .. } = &self.context;
        let size = self.mapping.batch_size;
        let (mut batch, mut busy) = activity.track(self.receive(size)).await;
        let due = clock.now() + self.mapping.window;
        while let Ok(messages) = &mut batch
            && messages.len() < size
            && due > clock.now()
        {
            tokio::select! {
                ended = busy.wait_until(due) => busy = ended,
                (more, arrived) = activity.track(self.receive(size - messages.len())) => {
                    busy = arrived;
                    match more {
                        Ok(more) => messages.extend(more),
                        // The messages received so far are processed.
                        Err(_) => break,
                    }
                }
            }
        }
        (batch, busy)
    }

    async fn receive(&self, most: usize) -> Result<Vec<ReceivedMessage>, SqsError> {
        self.context.aws.receive(&self.mapping.queue, most, None).await
    }

    /// Invokes the function with the messages that are in no loop, and deletes those that succeeded.
    /// The others stay hidden until their visibility timeout ends, and are then received again.
    async fn process(&self, mut batch: Vec<ReceivedMessage>) {
        batch.retain(|message| !self.is_loop(message));
        if batch.is_empty() {
            return;
        }
        let started = Instant::now();
        let event = message_event::of(&self.mapping.queue, &batch);
        let chain = Lineage::joined(batch.iter().map(lineage));
        let failed = match self.context.functions.invoke_in(chain, &self.function, event).await {
            Ok(answer) if self.mapping.reports_failures => {
                Failed::read(&answer, batch.iter().map(|message| message.message_id.as_str()))
            }
            Ok(_) => Failed::None,
            Err(_) => Failed::All,
        };
        let done = batch.iter().filter(|message| !failed.includes(&message.message_id));
        let done: Vec<_> = done.map(|message| message.receipt_handle.as_str()).collect();
        let count = done.len();
        if let Err(error) = self.context.aws.delete_messages(&self.mapping.queue, done) {
            tracing::error!(kind = "queue", what = self.mapping.queue, "delete: {error}");
        }
        tracing::info!(
            kind = "queue",
            what = &*self.function,
            id = batch[0].message_id,
            outcome = format!("{count} of {} succeeded", batch.len()),
            ms = started.elapsed().as_secs_f64() * 1e3,
        );
    }

    /// Whether Lambda refuses the message, as that of a recursive loop.
    fn is_loop(&self, message: &ReceivedMessage) -> bool {
        let is_loop = self.context.functions.is_loop(&self.function, &lineage(message));
        if is_loop {
            let (what, id) = (&*self.function, &message.message_id);
            tracing::error!(kind = "queue", what, id, outcome = "recursive invocation dropped");
        }
        is_loop
    }
}

fn lineage(message: &ReceivedMessage) -> Lineage {
    message.trace.as_deref().map(Lineage::read).unwrap_or_default()
}
