//! The two lanes of pulls, each with a queue and instances of its own, so that slow sources delay
//! no others. Every pull begins in the normal lane; a source that is slow there is handed over to
//! the slow one, where it may take its time. So is, in a backlog, a file that vanishes later than
//! others; see [`Retry::makes_way`](crate::retry::Retry::makes_way).

use std::time::Duration;

use outbound::Pace;
use queues::message::Ingest as Message;

use crate::error::PullError;

/// How long the normal lane waits for so many bytes of a file that has not ended: 64 KiB a second.
/// A source that sends less, such as a worker that computes on the fly, is moved, not failed.
const WINDOW: Duration = Duration::from_secs(10);
const WINDOW_BYTES: u64 = 10 * 64 * 1024;
/// How long one run of the normal lane may pull files, so that a source just above that throughput
/// does not stay: the largest file at half of Lambda's usual bandwidth.
const NORMAL_RUN: Duration = Duration::from_mins(3);
/// The same in the slow lane. The function's own limit is 15 minutes; a run that is ended by it
/// would leave its message invisible for much longer.
const SLOW_RUN: Duration = Duration::from_mins(12);

/// A lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Files come as fast as we take them.
    Normal,
    /// The source is slow.
    Slow,
}

impl Lane {
    /// The lane of `message`.
    pub(crate) const fn of(message: &Message) -> Self {
        if message.slow { Self::Slow } else { Self::Normal }
    }

    /// How long one run may pull files.
    pub(crate) const fn run_time(self) -> Duration {
        match self {
            Self::Normal => NORMAL_RUN,
            Self::Slow => SLOW_RUN,
        }
    }

    /// The minimum throughput of all requests for a file, if it is not that of each alone.
    pub(crate) fn pace(self) -> Option<Pace> {
        (self == Self::Normal).then(|| Pace::new(WINDOW, WINDOW_BYTES))
    }

    /// Whether what fails with `error` here is not retried, but handed over to the slow lane.
    pub(crate) fn hands_over(self, error: &PullError) -> bool {
        self == Self::Normal && error.is_slow()
    }
}
