//! Event source mappings: what Lambda does between a queue or a table's stream and a function.
//!
//! A message is deleted only after its function succeeds; a checkpoint moves only past records that
//! are processed, filtered out or discarded. A new kind of source is a poller beside the two here.

mod batch;
mod discarded;
mod filter;
mod message_event;
mod position;
mod queue;
mod stream;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use runtime::Clock;
use tokio_util::sync::CancellationToken;

use crate::activity::{Activity, Busy};
use crate::aws::Aws;
use crate::functions::Functions;

pub use filter::{Pattern, PatternError};
pub use position::StreamPosition;
pub use queue::QueuePoller;
pub use stream::{StreamError, StreamPoller};

/// Pause after a source could not be read.
const SOURCE_RETRY: Duration = Duration::from_secs(1);

/// What every mapping needs. `stopped` stops it; `activity` counts its batches.
#[derive(Clone)]
pub struct MappingContext {
    pub aws: Arc<Aws>,
    pub functions: Arc<Functions>,
    pub activity: Arc<Activity>,
    pub clock: Clock,
    pub stopped: CancellationToken,
}

impl MappingContext {
    /// Awaits `work`; `None` once the mappings are stopped.
    async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.stopped.run_until_cancelled(work).await
    }

    /// Waits for `duration`; `busy` does not count as running meanwhile.
    async fn pause(&self, busy: Busy, duration: Duration) -> Busy {
        busy.wait_until(self.clock.now() + duration).await
    }
}
