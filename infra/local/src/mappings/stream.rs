//! The poller of a table's stream: invokes the function with batches in order, and retries each
//! until it succeeds or is discarded.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::batch::Failed;
use super::discarded::{self, DiscardReason};
use super::{MappingContext, Pattern, PatternError, SOURCE_RETRY, StreamPosition};
use crate::activity::Busy;
use crate::aws::{AwsError, SqsError};
use crate::meter::measured;
use crate::template::StreamMapping;

/// The wait before the first retry of a batch; it doubles with every retry.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
/// The longest wait between two retries.
const MAX_BACKOFF: Duration = Duration::from_mins(1);

/// Passes the changes of one table to one function.
pub struct StreamPoller {
    function: String,
    mapping: StreamMapping,
    filters: Vec<Pattern>,
    /// Sends to the failure destination.
    sqs: aws_sdk_sqs::Client,
    context: MappingContext,
    position: Arc<StreamPosition>,
}

/// Part of a batch, with its failures.
#[derive(Debug)]
struct Chunk {
    records: Vec<Value>,
    failures: u32,
    /// When its records were read. Their age counts from then, because the stream dates them by
    /// another clock than the one that a test may set.
    since: Timestamp,
}

impl StreamPoller {
    /// A poller for `mapping` of `function`, which continues after the last checkpoint.
    pub fn new(
        function: &str,
        mapping: StreamMapping,
        context: MappingContext,
    ) -> Result<Self, StreamError> {
        let after = context.aws.load_checkpoint(&mapping.table, function)?;
        Ok(Self {
            function: function.to_owned(),
            filters: mapping.filters.iter().map(Pattern::parse).collect::<Result<_, _>>()?,
            position: Arc::new(StreamPosition::new(mapping.table.clone(), after)),
            sqs: aws_sdk_sqs::Client::new(&context.aws.sdk_config("stream-mapping")),
            mapping,
            context,
        })
    }

    pub fn position(&self) -> Arc<StreamPosition> {
        Arc::clone(&self.position)
    }

    /// Polls until the mappings are stopped. The next start repeats a batch under way, unless the
    /// batch succeeds and its checkpoint is saved.
    pub async fn run(self) {
        while let Some((records, busy)) =
            self.context.unless_stopped(measured("stream poller", self.next())).await
        {
            self.process(records, busy).await;
        }
    }

    /// The next records, at least one.
    async fn next(&self) -> (Vec<Value>, Busy) {
        let MappingContext { aws, activity, clock, .. } = &self.context;
        let mut changes = aws.stream_changes();
        let mut due = None;
        loop {
            // Marked before reading, so that a change in between is noticed.
            changes.mark_unchanged();
            let busy = activity.begin();
            let records = match self.read() {
                Ok(records) => records,
                Err(error) => {
                    tracing::error!(kind = "stream", what = self.mapping.table, "read: {error}");
                    drop(self.position.waiting(self.context.pause(busy, SOURCE_RETRY)).await);
                    continue;
                }
            };
            let now = clock.now();
            let full = records.len() >= self.mapping.batch_size;
            if records.is_empty() {
                drop(busy);
                let _ = changes.changed().await;
            } else if full || *due.get_or_insert(now + self.mapping.window) <= now {
                return (records, busy);
            } else {
                self.position.waiting(fill(busy, due.unwrap_or(now), &mut changes)).await;
            }
        }
    }

    fn read(&self) -> Result<Vec<Value>, AwsError> {
        let after = self.position.after();
        let size = self.mapping.batch_size;
        self.context.aws.stream_records(&self.mapping.table, after.as_deref(), size)
    }

    /// Invokes the function with those of `records` that pass the filters, until all are done.
    async fn process(&self, records: Vec<Value>, busy: Busy) {
        let last = records.last().map(|record| sequence_number(record).to_owned());
        let wanted: Vec<_> =
            records.into_iter().filter(|record| self.passes_filters(record)).collect();
        if !wanted.is_empty() && self.invoke_all(wanted, busy).await.is_none() {
            return;
        }
        // Skipped records need no checkpoint: they would be skipped again.
        self.position.move_to(last);
    }

    fn passes_filters(&self, record: &Value) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| filter.matches(record))
    }

    /// `None` if the mappings were stopped before all records were done.
    async fn invoke_all(&self, records: Vec<Value>, mut busy: Busy) -> Option<()> {
        // The next chunk is at the end.
        let since = self.context.clock.now();
        let mut chunks = vec![Chunk { records, failures: 0, since }];
        while let Some(mut chunk) = chunks.pop() {
            let first_failed = self.invoke(&chunk.records).await;
            let failed = chunk.records.split_off(first_failed);
            if let Some(done) = chunk.records.last() {
                self.save_checkpoint(sequence_number(done));
            }
            if failed.is_empty() {
                continue;
            }
            chunk = Chunk { records: failed, failures: chunk.failures + 1, since };
            if self.mapping.bisects && chunk.records.len() > 1 {
                let later = chunk.records.split_off(chunk.records.len() / 2);
                chunks.push(Chunk { records: later, failures: chunk.failures, since });
                chunks.push(chunk);
            } else if !self.discard(&chunk).await {
                let wait = self.context.pause(busy, backoff(chunk.failures));
                let wait = self.context.unless_stopped(wait);
                busy = self.position.waiting(wait).await?;
                chunks.push(chunk);
            }
        }
        Some(())
    }

    /// Invokes the function; returns how many records, counted from the first, succeeded.
    async fn invoke(&self, records: &[Value]) -> usize {
        let started = Instant::now();
        let event = json!({ "Records": records });
        let failed = match self.context.functions.invoke(&self.function, event).await {
            Ok(answer) if self.mapping.reports_failures => {
                Failed::read(&answer, records.iter().map(sequence_number))
            }
            Ok(_) => Failed::None,
            Err(_) => Failed::All,
        };
        let done = records.iter().position(|record| failed.includes(sequence_number(record)));
        let done = done.unwrap_or(records.len());
        tracing::info!(
            kind = "stream",
            what = self.function,
            id = records.first().map(sequence_number),
            outcome = format!("{done} of {} succeeded", records.len()),
            ms = started.elapsed().as_secs_f64() * 1e3,
        );
        done
    }

    /// Why `chunk` must not be retried; `None` if it may.
    fn discard_reason(&self, chunk: &Chunk) -> Option<DiscardReason> {
        let age = self.context.clock.now().since(chunk.since);
        if self.mapping.maximum_retries.is_some_and(|most| chunk.failures > most) {
            Some(DiscardReason::Retries)
        } else if self.mapping.maximum_age.is_some_and(|most| age >= most) {
            Some(DiscardReason::Age)
        } else {
            None
        }
    }

    /// Discards `chunk` if it must not be retried, and reports it to the failure destination.
    /// Returns whether it was discarded.
    async fn discard(&self, chunk: &Chunk) -> bool {
        let Some(reason) = self.discard_reason(chunk) else { return false };
        let now = self.context.clock.now();
        let failures = chunk.failures;
        let message = discarded::message(&self.function, &chunk.records, reason, failures, now);
        let (id, what) = (chunk.records.first().map(sequence_number), &self.function);
        if let Some(queue) = &self.mapping.failure_queue {
            let url = self.context.aws.queue_url(queue);
            let send = self.sqs.send_message().queue_url(url).message_body(message.to_string());
            if let Err(error) = send.send().await {
                tracing::error!(kind = "stream", what, id, "failure destination {queue}: {error}");
                return false;
            }
        }
        let count = chunk.records.len();
        tracing::error!(kind = "stream", what, id, outcome = "discarded", count, failures);
        if let Some(last) = chunk.records.last() {
            self.save_checkpoint(sequence_number(last));
        }
        true
    }

    /// Continues after `sequence_number`, also after a restart. If the checkpoint cannot be saved,
    /// a restart repeats the batch, as Lambda may at any time.
    fn save_checkpoint(&self, sequence_number: &str) {
        let aws = &self.context.aws;
        if let Err(error) =
            aws.save_checkpoint(&self.mapping.table, &self.function, sequence_number)
        {
            tracing::error!(kind = "stream", what = self.mapping.table, "checkpoint: {error}");
        }
        self.position.move_to(Some(sequence_number.to_owned()));
    }
}

/// Why a stream mapping cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    #[error(transparent)]
    Filter(#[from] PatternError),
    #[error("cannot read the stream's checkpoint")]
    Checkpoint(#[from] SqsError),
}

/// Waits for more records, or for the end of the batch's window.
async fn fill(busy: Busy, due: Timestamp, changes: &mut watch::Receiver<u64>) {
    tokio::select! {
        busy = busy.wait_until(due) => drop(busy),
        _ = changes.changed() => {}
    }
}

/// The sequence number of `record`.
pub(super) fn sequence_number(record: &Value) -> &str {
    record["dynamodb"]["SequenceNumber"].as_str().unwrap_or_default()
}

fn backoff(failures: u32) -> Duration {
    FIRST_BACKOFF.saturating_mul(2_u32.saturating_pow(failures - 1)).min(MAX_BACKOFF)
}
