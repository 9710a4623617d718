//! The words that providers have for the state of a task: one table for all of them.

use crate::Cancellation;

/// The state that a provider's word stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Waits to be started.
    Queued,
    /// At work.
    Running,
    /// Ended with a result.
    Succeeded,
    /// Ended with an error.
    Failed,
    /// Ended because its time was up.
    TimedOut,
    /// Ended on request.
    Cancelled,
}

impl State {
    /// Reads `word` in any case, with any marks between its parts. A word that is not known to
    /// be an end or to be before the start counts as running: the job's deadline bounds it.
    pub(crate) fn of(word: &str) -> Self {
        let letters = word.chars().filter(char::is_ascii_alphabetic);
        match letters.map(|c| c.to_ascii_lowercase()).collect::<String>().as_str() {
            "queued" | "inqueue" | "enqueued" | "pending" | "waiting" | "starting"
            | "submitted" | "scheduled" | "created" | "accepted" | "received" | "notstarted" => {
                Self::Queued
            }
            "completed" | "complete" | "succeeded" | "success" | "successful" | "done"
            | "finished" | "ok" => Self::Succeeded,
            "failed" | "fail" | "failure" | "error" | "errored" | "rejected" | "expired" => {
                Self::Failed
            }
            "timedout" | "timeout" => Self::TimedOut,
            "cancelled" | "canceled" | "aborted" => Self::Cancelled,
            _ => Self::Running,
        }
    }
}

/// What the state of a task says of the cancel that it answers. An answer that names none says
/// that the request was accepted.
impl From<State> for Cancellation {
    fn from(state: State) -> Self {
        match state {
            State::Cancelled => Self::Cancelled,
            State::Queued | State::Running => Self::Requested,
            State::Succeeded | State::Failed | State::TimedOut => Self::TooLate,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_understood() {
        for (words, state) in [
            ("queued IN_QUEUE in-queue Pending waiting starting submitted", State::Queued),
            ("running processing IN_PROGRESS rendering started preparing melted 7", State::Running),
            ("completed COMPLETED Succeeded success done finished OK", State::Succeeded),
            ("failed FAILED Error errored", State::Failed),
            ("TIMED_OUT timed-out timeout TimedOut", State::TimedOut),
            ("cancelled Canceled CANCELLED aborted", State::Cancelled),
        ] {
            for word in words.split(' ') {
                assert_eq!(State::of(word), state, "{word}");
            }
        }
        assert_eq!(State::of(" timed out\n"), State::TimedOut);
    }
}
