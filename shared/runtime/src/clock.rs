//! The clock that everything with I/O asks, so that a test can set the time.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use domain::Timestamp;
use tokio::sync::Notify;

/// Tells the time.
#[derive(Debug, Clone, Default)]
pub struct Clock(Option<Arc<Hand>>);

/// Moves a clock made by [`Clock::manual`].
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Hand>);

#[derive(Debug)]
struct Hand {
    milliseconds: AtomicI64,
    moved: Notify,
}

impl Clock {
    /// The machine's own clock.
    #[must_use]
    pub const fn system() -> Self {
        Self(None)
    }

    /// A clock that stands at `start` until it is moved.
    #[must_use]
    pub fn manual(start: Timestamp) -> (Self, ManualClock) {
        let hand = Arc::new(Hand {
            milliseconds: AtomicI64::new(start.as_millis()),
            moved: Notify::new(),
        });
        (Self(Some(Arc::clone(&hand))), ManualClock(hand))
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let milliseconds = self.0.as_ref().map_or_else(
            || {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
            },
            |hand| hand.milliseconds.load(Ordering::SeqCst),
        );
        Timestamp::from_millis(milliseconds)
    }

    /// Resolves when the clock is next moved by hand; the machine's own never is.
    pub async fn changed(&self) {
        match &self.0 {
            Some(hand) => hand.moved.notified().await,
            None => pending().await,
        }
    }
}

impl ManualClock {
    /// Sets the clock to `time`, unless it is there or past it already.
    pub fn advance_to(&self, time: Timestamp) {
        self.0.milliseconds.fetch_max(time.as_millis(), Ordering::SeqCst);
        self.0.moved.notify_waiters();
    }
}
