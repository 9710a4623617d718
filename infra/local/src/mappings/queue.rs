//! From a queue to a function.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::batch::Failed;
use super::{REST, Surroundings, message_event};
use crate::activity::Busy;
use crate::aws::{ReceivedMessage, SqsError};
use crate::meter::measured;
use crate::template::QueueMapping;

/// Most invocations at one time for a queue whose mapping does not limit them. Lambda goes up to
/// 1,000; on one machine more of them would only compete.
const DEFAULT_CONCURRENCY: usize = 32;

/// Feeds the messages of one queue to one function.
#[derive(Clone)]
pub struct QueuePoller {
    function: Arc<str>,
    mapping: Arc<QueueMapping>,
    surroundings: Surroundings,
    permits: Arc<Semaphore>,
}

impl QueuePoller {
    /// A poller for `mapping` of `function`.
    #[must_use]
    pub fn new(function: &str, mapping: QueueMapping, surroundings: Surroundings) -> Self {
        let concurrency = mapping.maximum_concurrency.unwrap_or(DEFAULT_CONCURRENCY);
        Self {
            function: function.into(),
            mapping: Arc::new(mapping),
            surroundings,
            permits: Arc::new(Semaphore::new(concurrency)),
        }
    }

    /// Polls until the mappings are stopped. What is in a function's hands then, stays there.
    pub async fn run(self) {
        while let Some((batch, busy, permit)) =
            self.surroundings.unless_stopped(measured("queue receives", self.next())).await
        {
            let poller = self.clone();
            tokio::spawn(async move {
                measured("queue batches", poller.process(&batch)).await;
                drop((busy, permit));
            });
        }
    }

    /// The next batch, once one more invocation may run.
    async fn next(&self) -> (Vec<ReceivedMessage>, Busy, Option<OwnedSemaphorePermit>) {
        // Never closed, so there is always a permit in the end.
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok();
        loop {
            let (batch, busy) = self.gather().await;
            match batch {
                Ok(batch) => return (batch, busy, permit),
                Err(error) => {
                    tracing::error!(kind = "queue", what = self.mapping.queue, "{error}");
                    drop(self.surroundings.rest(busy, REST).await);
                }
            }
        }
    }

    /// At least one message, and as many as fit a batch and come within its window.
    async fn gather(&self) -> (Result<Vec<ReceivedMessage>, SqsError>, Busy) {
        let Surroundings { activity, clock, .. } = &self.surroundings;
        let size = self.mapping.batch_size;
        let (mut batch, mut busy) = activity.counting(self.receive(size)).await;
        let due = clock.now() + self.mapping.window;
        while let Ok(messages) = &mut batch
            && messages.len() < size
            && due > clock.now()
        {
            tokio::select! {
                ended = busy.wait_until(due) => busy = ended,
                (more, arrived) = activity.counting(self.receive(size - messages.len())) => {
                    busy = arrived;
                    match more {
                        Ok(more) => messages.extend(more),
                        // What has come so far is not held back.
                        Err(_) => break,
                    }
                }
            }
        }
        (batch, busy)
    }

    async fn receive(&self, most: usize) -> Result<Vec<ReceivedMessage>, SqsError> {
        self.surroundings.aws.receive(&self.mapping.queue, most, None).await
    }

    /// Invokes the function, and deletes what it has dealt with. The rest stays hidden until
    /// its visibility timeout ends, and is then received again.
    async fn process(&self, batch: &[ReceivedMessage]) {
        let started = Instant::now();
        let event = message_event::of(&self.mapping.queue, batch);
        let failed = match self.surroundings.functions.invoke(&self.function, event).await {
            Ok(answer) if self.mapping.reports_failures => {
                Failed::read(&answer, batch.iter().map(|message| message.message_id.as_str()))
            }
            Ok(_) => Failed::None,
            Err(_) => Failed::All,
        };
        let done = batch.iter().filter(|message| !failed.includes(&message.message_id));
        let done: Vec<_> = done.map(|message| message.receipt_handle.as_str()).collect();
        let count = done.len();
        if let Err(error) = self.surroundings.aws.delete_messages(&self.mapping.queue, done) {
            tracing::error!(kind = "queue", what = self.mapping.queue, "{error}");
        }
        tracing::info!(
            kind = "queue",
            what = &*self.function,
            id = batch[0].message_id,
            outcome = format!("{count} of {} done", batch.len()),
            ms = started.elapsed().as_secs_f64() * 1e3,
        );
    }
}
