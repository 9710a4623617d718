//! The one source of time for code with I/O. Tests replace it by a manual clock.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use domain::Timestamp;
use tokio::sync::Notify;

/// A source of the current time.
#[derive(Debug, Clone, Default)]
pub struct Clock(Option<Arc<ManualTime>>);

/// Moves a clock made by [`Clock::manual`].
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<ManualTime>);

#[derive(Debug)]
struct ManualTime {
    milliseconds: AtomicI64,
    moved: Notify,
}

impl Clock {
    /// The machine's own clock.
    pub const fn system() -> Self {
        Self(None)
    }

    /// A clock that shows `start` until it is moved.
    pub fn manual(start: Timestamp) -> (Self, ManualClock) {
        let time = Arc::new(ManualTime {
            milliseconds: AtomicI64::new(start.as_millis()),
            moved: Notify::new(),
        });
        (Self(Some(Arc::clone(&time))), ManualClock(time))
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        let milliseconds = self.0.as_ref().map_or_else(
            || {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
            },
            |time| time.milliseconds.load(Ordering::SeqCst),
        );
        Timestamp::from_millis(milliseconds)
    }

    /// Resolves when a manual clock is next moved; never for the machine's clock.
    pub async fn changed(&self) {
        match &self.0 {
            Some(time) => time.moved.notified().await,
            None => pending().await,
        }
    }
}

impl ManualClock {
    /// Moves the clock forward to `time`; never backward.
    pub fn advance_to(&self, time: Timestamp) {
        self.0.milliseconds.fetch_max(time.as_millis(), Ordering::SeqCst);
        self.0.moved.notify_waiters();
    }
}
