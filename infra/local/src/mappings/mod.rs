//! Event source mappings: what Lambda does between a queue or a table's stream and a function.

mod batch;
mod filter;
mod given_up;
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

/// How long a mapping rests when its source cannot be read, so that it does not spin.
const REST: Duration = Duration::from_secs(1);

/// What every mapping works with.
#[derive(Clone)]
pub struct Surroundings {
    /// Where the queues and streams are.
    pub aws: Arc<Aws>,
    /// What is fed.
    pub functions: Arc<Functions>,
    /// Counts what runs.
    pub activity: Arc<Activity>,
    /// Ends windows and waits.
    pub clock: Clock,
    /// Ends the mappings.
    pub stopped: CancellationToken,
}

impl Surroundings {
    /// Awaits `work`, or gives up when the mappings are to end.
    async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.stopped.run_until_cancelled(work).await
    }

    /// Lets what runs rest for `duration`.
    async fn rest(&self, busy: Busy, duration: Duration) -> Busy {
        busy.wait_until(self.clock.now() + duration).await
    }
}
