//! Periodic maintenance: removes expired items, messages past their retention and consumed stream
//! records, and checkpoints the WAL of each database.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use super::{Aws, AwsError};

/// Time between two sweeps. DynamoDB promises far less; it keeps expiry quick to try out.
const SWEEP_INTERVAL: Duration = Duration::from_secs(30);
/// Time between two checkpoints. Only a checkpoint waits for the disk, so a power failure can lose
/// the commits of this time.
const CHECKPOINT_INTERVAL: Duration = Duration::from_millis(200);

/// What a sweep removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Items past their time to live.
    pub items: usize,
    /// Messages past their queue's retention.
    pub messages: usize,
    /// Stream records that every consumer with a checkpoint has processed.
    pub stream_records: usize,
}

impl Aws {
    /// Sweeps once. Blocks for as long as there is to remove.
    pub fn sweep(&self) -> Result<Swept, AwsError> {
        let mut swept = Swept {
            items: self.tables.sweep_expired()?,
            messages: self.queues.remove_expired()?,
            stream_records: 0,
        };
        for (table, checkpoint) in self.queues.oldest_checkpoints()? {
            swept.stream_records += self.tables.trim_stream(&table, &checkpoint)?;
        }
        Ok(swept)
    }

    /// Sweeps and checkpoints periodically, until dropped.
    pub async fn maintain(self: Arc<Self>) {
        let sweep = |aws: &Self| aws.sweep().map(|swept| tracing::debug!(?swept, "swept"));
        let sweeps = Arc::clone(&self).repeat(SWEEP_INTERVAL, sweep);
        tokio::join!(sweeps, self.repeat(CHECKPOINT_INTERVAL, Self::checkpoint_wal));
    }

    fn checkpoint_wal(&self) -> Result<(), AwsError> {
        self.tables.checkpoint_wal()?;
        Ok(self.queues.checkpoint_wal()?)
    }

    async fn repeat(
        self: Arc<Self>,
        period: Duration,
        task: impl Fn(&Self) -> Result<(), AwsError> + Send + Copy + 'static,
    ) {
        loop {
            tokio::time::sleep(period).await;
            let aws = Arc::clone(&self);
            let done = tokio::task::spawn_blocking(move || task(&aws)).await;
            let failed: Option<Box<dyn Error>> = match done {
                Ok(done) => done.err().map(Into::into),
                Err(panic) => Some(panic.into()),
            };
            if let Some(error) = failed {
                tracing::error!(error = &*error, "maintenance failed");
            }
        }
    }
}
