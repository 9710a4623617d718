//! The life of a job: its states, and which may follow which.

use serde::Serialize;

use crate::named;

named! {
    /// Where a job stands. Status and step, which clients see, both follow from it.
    #[derive(Hash)]
    pub enum JobState {
        /// A step of a project that waits for what it is made from.
        Waiting = "waiting",
        /// Waits to be dispatched, for the first time or once more.
        Queued = "queued",
        /// Claimed for one attempt; the provider may or may not have received it.
        Dispatched = "dispatched",
        /// Submitted without a usable answer: the provider may be working on it, or not. It is not
        /// submitted again until that is known.
        Uncertain = "uncertain",
        /// The provider has accepted it and named a task.
        Running = "running",
        /// The provider is done; its files are on their way into our bucket.
        Storing = "storing",
        /// Its files are in our bucket, their size, digest and media type known.
        Completed = "completed",
        /// Over without a result.
        Failed = "failed",
        /// Ended by its owner.
        Cancelled = "cancelled",
    }
}

named! {
    /// The status a client reads, as the async TTS API v1 has it.
    #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
    pub enum JobStatus {
        /// Accepted, not begun.
        Pending = "pending",
        /// Begun.
        Processing = "processing",
        /// Done, with files.
        Completed = "completed",
        /// Over without a result.
        Failed = "failed",
        /// Ended by its owner.
        Cancelled = "cancelled",
    }
    else "status", "must be pending, processing, completed, failed or cancelled"
}

/// The finer step a client reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum JobStep {
    /// Waits to be dispatched.
    Queued,
    /// On its way to the provider.
    Dispatched,
    /// Submitted, and the provider's answer was lost.
    Uncertain,
    /// With the provider.
    Running,
    /// Files are being pulled.
    Storing,
    /// The result is there.
    Done,
    /// Over without a result.
    Failed,
    /// Ended by its owner.
    Cancelled,
}

impl JobState {
    /// The states from which a job may come to this one. Every write of a state carries them
    /// as its condition, so no event moves a job backwards, in whatever order events arrive.
    ///
    /// `Queued` follows an attempt that was lost; `Dispatched` follows itself when a claim was
    /// saved and the process died before the provider answered; `Storing` may overtake
    /// `Running`, since a fast provider calls back before its answer is saved; `Completed`
    /// skips `Storing` where there is no file. No event makes a job `Waiting`: only its owner
    /// does, by restarting the step before.
    pub const fn predecessors(self) -> &'static [Self] {
        use JobState::{Dispatched, Queued, Running, Storing, Uncertain};
        match self {
            Self::Waiting => &[],
            Queued => &[Dispatched, Uncertain, Running, Storing],
            Dispatched => &[Queued, Dispatched],
            Uncertain => &[Dispatched],
            Running => &[Uncertain, Dispatched],
            Storing => &[Dispatched, Uncertain, Running],
            Self::Completed => &[Storing, Running, Uncertain, Dispatched],
            Self::Failed => &[Queued, Dispatched, Uncertain, Running, Storing],
            Self::Cancelled => &[Queued, Dispatched, Uncertain, Running],
        }
    }

    /// Whether nothing can follow.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// The status a client reads.
    pub const fn status(self) -> JobStatus {
        match self {
            Self::Waiting | Self::Queued => JobStatus::Pending,
            Self::Dispatched | Self::Uncertain | Self::Running | Self::Storing => {
                JobStatus::Processing
            }
            Self::Completed => JobStatus::Completed,
            Self::Failed => JobStatus::Failed,
            Self::Cancelled => JobStatus::Cancelled,
        }
    }

    /// The finer step a client reads.
    pub const fn step(self) -> JobStep {
        match self {
            Self::Waiting | Self::Queued => JobStep::Queued,
            Self::Dispatched => JobStep::Dispatched,
            Self::Uncertain => JobStep::Uncertain,
            Self::Running => JobStep::Running,
            Self::Storing => JobStep::Storing,
            Self::Completed => JobStep::Done,
            Self::Failed => JobStep::Failed,
            Self::Cancelled => JobStep::Cancelled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_follows_a_terminal_state() {
        for next in JobState::ALL {
            assert!(next.predecessors().iter().all(|state| !state.is_terminal()), "{next:?}");
        }
    }

    #[test]
    fn a_status_never_goes_backwards_but_for_a_new_attempt() {
        let rank = |state: JobState| state.status() as u8;
        for next in JobState::ALL.into_iter().filter(|state| *state != JobState::Queued) {
            assert!(next.predecessors().iter().all(|earlier| rank(*earlier) <= rank(next)));
        }
    }

    #[test]
    fn every_state_leads_to_an_end() {
        let under_way = |state: &JobState| !state.is_terminal() && *state != JobState::Waiting;
        for state in JobState::ALL.into_iter().filter(under_way) {
            assert!(JobState::Failed.predecessors().contains(&state), "{state:?}");
        }
    }
}
