//! What has to be done from time to time: expired items, messages past their retention, and
//! stream records that everyone has consumed are removed, and the databases' logs worked in.

use std::sync::Arc;
use std::time::Duration;

use super::{Aws, AwsError};

/// Time between two sweeps. DynamoDB promises far less; a person who tries out expiry should
/// not have to wait for long.
const PERIOD: Duration = Duration::from_secs(30);
/// Time between two passes over the databases' logs. Nothing else waits for the disk, so this is
/// also what a power failure may take.
const LOG_PERIOD: Duration = Duration::from_millis(200);

/// What a sweep removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Items past their time to live.
    pub items: usize,
    /// Messages past their queue's retention.
    pub messages: usize,
    /// Stream records that every consumer with a checkpoint is done with.
    pub stream_records: usize,
}

impl Aws {
    /// Sweeps once. Takes as long as there is to remove; call it where blocking is allowed.
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

    /// Does all that from time to time, until dropped.
    pub async fn maintain(self: Arc<Self>) {
        let sweep = |aws: &Self| aws.sweep().map(|swept| tracing::debug!(?swept, "sweep"));
        let sweeping = Arc::clone(&self).repeat(PERIOD, sweep);
        tokio::join!(sweeping, self.repeat(LOG_PERIOD, Self::work_in_logs));
    }

    fn work_in_logs(&self) -> Result<(), AwsError> {
        self.tables.work_in_log()?;
        Ok(self.queues.work_in_log()?)
    }

    async fn repeat(
        self: Arc<Self>,
        period: Duration,
        task: impl Fn(&Self) -> Result<(), AwsError> + Send + Copy + 'static,
    ) {
        loop {
            tokio::time::sleep(period).await;
            let aws = Arc::clone(&self);
            match tokio::task::spawn_blocking(move || task(&aws)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "maintenance");
                }
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "maintenance");
                }
            }
        }
    }
}
