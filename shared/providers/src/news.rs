//! What a provider can say of a task, in words that are the same for all.

use domain::job::FileSource;
use domain::{InvalidField, JobError};

/// How a task stands, as its provider says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderNews {
    /// It waits to be begun.
    Queued,
    /// It is at work.
    StillRunning {
        /// How far it is, 0 to 100, if it says so.
        progress_percent: Option<u8>,
    },
    /// Its file can be fetched.
    FileReady(FileSource),
    /// It ended without a result.
    Failed(JobError),
    /// It was ended on request.
    Cancelled,
    /// The provider knows nothing of it, or no longer.
    Gone,
}

impl ProviderNews {
    /// Whether the provider will say nothing further of the task.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Queued | Self::StillRunning { .. } => false,
            Self::FileReady(_) | Self::Failed(_) | Self::Cancelled | Self::Gone => true,
        }
    }
}

/// What a provider answers when it is given work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Submission {
    /// It takes the work.
    Accepted {
        /// What it calls the task, in characters that are safe in a URL's path.
        task: String,
    },
    /// It will never take this work.
    Rejected(JobError),
    /// It does not take it now: it is overloaded, broken, or does not accept our key.
    TryLater {
        /// Its HTTP status.
        status: u16,
    },
}

/// What a provider answers when it is asked to end a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancellation {
    /// The task has been ended.
    Cancelled,
    /// The wish was taken, and the task still runs.
    Requested,
    /// The task had ended by itself before.
    TooLate,
    /// The provider knows nothing of the task, or no longer.
    Gone,
}

/// An answer that says nothing about the task. Meant for our logs.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The provider cannot tell at the moment.
    #[error("the provider answers with status {status}")]
    Unavailable {
        /// Its HTTP status.
        status: u16,
    },
    /// The body is not JSON.
    #[error("the provider's answer is not JSON")]
    NotJson(#[from] serde_json::Error),
    /// The body does not say what such an answer says.
    #[error("the provider's answer cannot be used")]
    Unusable(#[from] InvalidField),
    /// The body is JSON without a field that every such answer has.
    #[error("the provider's answer has no usable {field}")]
    Field {
        /// The field at fault.
        field: &'static str,
    },
}
