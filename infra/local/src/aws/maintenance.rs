//! What has to be done from time to time: expired items, messages past their retention, and
//! stream records that everyone has consumed are removed.

use std::sync::Arc;
use std::time::Duration;

use super::{Aws, AwsError};

/// Time between two sweeps. DynamoDB promises far less; a person who tries out expiry should
/// not have to wait for long.
const PERIOD: Duration = Duration::from_secs(30);

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

    /// Sweeps every half minute, until dropped.
    pub async fn maintain(self: Arc<Self>) {
        loop {
            tokio::time::sleep(PERIOD).await;
            let aws = Arc::clone(&self);
            match tokio::task::spawn_blocking(move || aws.sweep()).await {
                Ok(Ok(swept)) => tracing::debug!(?swept, "sweep"),
                Ok(Err(error)) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "sweep");
                }
                Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "sweep"),
            }
        }
    }
}
