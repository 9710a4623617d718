//! From a table's stream to a function: in order, each batch until it succeeds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::batch::Failed;
use super::given_up::{self, Reason};
use super::{Pattern, PatternError, REST, StreamPosition, Surroundings};
use crate::activity::Busy;
use crate::aws::{AwsError, SqsError};
use crate::meter::measured;
use crate::template::StreamMapping;

/// The wait before a failed batch is tried for the second time; it doubles with every try.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// Feeds the changes of one table to one function.
pub struct StreamPoller {
    function: String,
    mapping: StreamMapping,
    filters: Vec<Pattern>,
    /// Tells the failure destination.
    sqs: aws_sdk_sqs::Client,
    surroundings: Surroundings,
    position: Arc<StreamPosition>,
}

/// Part of a batch, and how it has fared.
#[derive(Debug)]
struct Chunk {
    records: Vec<Value>,
    failures: u32,
    /// When its records were read. Their age counts from then: their own dates come from
    /// another clock than the one that may be set here.
    since: Timestamp,
}

impl StreamPoller {
    /// A poller for `mapping` of `function`, which goes on where the last one stopped.
    pub fn new(
        function: &str,
        mapping: StreamMapping,
        surroundings: Surroundings,
    ) -> Result<Self, StreamError> {
        let after = surroundings.aws.load_checkpoint(&mapping.table, function)?;
        Ok(Self {
            function: function.to_owned(),
            filters: mapping.filters.iter().map(Pattern::parse).collect::<Result<_, _>>()?,
            position: Arc::new(StreamPosition::new(mapping.table.clone(), after)),
            sqs: aws_sdk_sqs::Client::new(&surroundings.aws.sdk_config("stream-mapping")),
            mapping,
            surroundings,
        })
    }

    /// How far it has come.
    #[must_use]
    pub fn position(&self) -> Arc<StreamPosition> {
        Arc::clone(&self.position)
    }

    /// Polls until the mappings are stopped. A batch in the function's hands then is handed
    /// to it again at the next start, unless it succeeds and its checkpoint is kept.
    pub async fn run(self) {
        while let Some((records, busy)) =
            self.surroundings.unless_stopped(measured("stream poller", self.next())).await
        {
            self.process(records, busy).await;
        }
    }

    /// The next records, at least one.
    async fn next(&self) -> (Vec<Value>, Busy) {
        let Surroundings { aws, activity, clock, .. } = &self.surroundings;
        let mut changes = aws.stream_changes();
        let mut due = None;
        loop {
            // Before reading, so that a change in between is heard of.
            changes.mark_unchanged();
            let busy = activity.begin();
            let records = match self.read() {
                Ok(records) => records,
                Err(error) => {
                    tracing::error!(kind = "stream", what = self.mapping.table, "{error}");
                    drop(self.position.waiting(self.surroundings.rest(busy, REST)).await);
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
        self.surroundings.aws.stream_records(&self.mapping.table, after.as_deref(), size)
    }

    /// Hands the wanted ones of `records` to the function until all are through.
    async fn process(&self, records: Vec<Value>, busy: Busy) {
        let last = records.last().map(|record| sequence_number(record).to_owned());
        let wanted: Vec<_> = records.into_iter().filter(|record| self.wants(record)).collect();
        if !wanted.is_empty() && self.work_through(wanted, busy).await.is_none() {
            return;
        }
        // Reading past what nobody wants needs no write: it would be read past again.
        self.position.move_to(last);
    }

    fn wants(&self, record: &Value) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| filter.matches(record))
    }

    /// `None` if the mappings were stopped before all were through.
    async fn work_through(&self, records: Vec<Value>, mut busy: Busy) -> Option<()> {
        // The next chunk is at the end.
        let since = self.surroundings.clock.now();
        let mut chunks = vec![Chunk { records, failures: 0, since }];
        while let Some(mut chunk) = chunks.pop() {
            let first_failed = self.attempt(&chunk.records).await;
            let failed = chunk.records.split_off(first_failed);
            if let Some(done) = chunk.records.last() {
                self.keep(sequence_number(done));
            }
            if failed.is_empty() {
                continue;
            }
            chunk = Chunk { records: failed, failures: chunk.failures + 1, since };
            if self.mapping.bisects && chunk.records.len() > 1 {
                let later = chunk.records.split_off(chunk.records.len() / 2);
                chunks.push(Chunk { records: later, failures: chunk.failures, since });
                chunks.push(chunk);
            } else if !self.give_up(&chunk).await {
                let wait = self.surroundings.rest(busy, wait_after(chunk.failures));
                let wait = self.surroundings.unless_stopped(wait);
                busy = self.position.waiting(wait).await?;
                chunks.push(chunk);
            }
        }
        Some(())
    }

    /// Invokes the function, and returns how many records from the first on are dealt with.
    async fn attempt(&self, records: &[Value]) -> usize {
        let started = Instant::now();
        let event = json!({ "Records": records });
        let failed = match self.surroundings.functions.invoke(&self.function, event).await {
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
            outcome = format!("{done} of {} done", records.len()),
            ms = started.elapsed().as_secs_f64() * 1e3,
        );
        done
    }

    /// Why `chunk` is not tried again, if so.
    fn reason_to_give_up(&self, chunk: &Chunk) -> Option<Reason> {
        let age = self.surroundings.clock.now().since(chunk.since);
        if self.mapping.maximum_retries.is_some_and(|most| chunk.failures > most) {
            Some(Reason::Retries)
        } else if self.mapping.maximum_age.is_some_and(|most| age >= most) {
            Some(Reason::Age)
        } else {
            None
        }
    }

    /// Goes on without `chunk` if it may not be tried again, and says where it was.
    async fn give_up(&self, chunk: &Chunk) -> bool {
        let Some(reason) = self.reason_to_give_up(chunk) else { return false };
        let now = self.surroundings.clock.now();
        let failures = chunk.failures;
        let message = given_up::message(&self.function, &chunk.records, reason, failures, now);
        let (id, what) = (chunk.records.first().map(sequence_number), &self.function);
        if let Some(queue) = &self.mapping.failure_queue {
            let url = self.surroundings.aws.queue_url(queue);
            let send = self.sqs.send_message().queue_url(url).message_body(message.to_string());
            if let Err(error) = send.send().await {
                tracing::error!(kind = "stream", what, id, "cannot tell {queue}: {error}");
                return false;
            }
        }
        let count = chunk.records.len();
        tracing::error!(kind = "stream", what, id, outcome = "given up", count, failures);
        if let Some(last) = chunk.records.last() {
            self.keep(sequence_number(last));
        }
        true
    }

    /// Makes `sequence_number` the place to go on from, also after a restart. If that cannot
    /// be written, a restart repeats the batch, as Lambda may at any time.
    fn keep(&self, sequence_number: &str) {
        let aws = &self.surroundings.aws;
        if let Err(error) =
            aws.save_checkpoint(&self.mapping.table, &self.function, sequence_number)
        {
            tracing::error!(kind = "stream", what = self.mapping.table, "{error}");
        }
        self.position.move_to(Some(sequence_number.to_owned()));
    }
}

/// Why a stream cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// Its filter cannot be understood.
    #[error(transparent)]
    Filter(#[from] PatternError),
    /// Its checkpoint cannot be read.
    #[error("cannot read how far the stream has been followed")]
    Checkpoint(#[from] SqsError),
}

/// Waits for more records, or for the end of the batch's window.
async fn fill(busy: Busy, due: Timestamp, changes: &mut watch::Receiver<u64>) {
    tokio::select! {
        busy = busy.wait_until(due) => drop(busy),
        _ = changes.changed() => {}
    }
}

/// The place of `record` in its stream.
pub(super) fn sequence_number(record: &Value) -> &str {
    record["dynamodb"]["SequenceNumber"].as_str().unwrap_or_default()
}

fn wait_after(failures: u32) -> Duration {
    FIRST_WAIT.saturating_mul(2_u32.saturating_pow(failures - 1)).min(LONGEST_WAIT)
}
