//! What a provider can say of a task, in words that are the same for all.

use std::time::Duration;

use domain::job::{ProgressCount, Source};
use domain::{JobError, TaskId};
use http::StatusCode;
use serde_json::Value;

/// The status of a task.
#[derive(Debug, Clone, PartialEq)]
pub enum TaskStatus {
    /// It waits to be started.
    Queued {
        /// How many tasks are before it, if the provider says so.
        position: Option<u32>,
    },
    /// It is at work.
    Running(Progress),
    /// It has finished, or at least its files can be pulled.
    Succeeded(TaskResult),
    /// It ended without a result.
    Failed(JobError),
    /// It was cancelled.
    Cancelled,
    /// The provider does not know it, or no longer.
    Gone,
}

/// How far a task is, as far as its provider says so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// 0 to 100.
    pub percent: Option<u8>,
    /// What it is doing.
    pub step: Option<String>,
    /// How much of it is done.
    pub count: Option<ProgressCount>,
}

/// What a finished task has made.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TaskResult {
    /// Its files; there may be none.
    pub source: Source,
    /// What it returned besides files.
    pub result: Option<Value>,
}

impl TaskStatus {
    /// The status of a task that has made `source` and nothing else.
    pub const fn with_files(source: Source) -> Self {
        Self::Succeeded(TaskResult { source, result: None })
    }

    /// The status of a task that is at work, `percent` of it done.
    pub const fn running(percent: Option<u8>) -> Self {
        Self::Running(Progress { percent, step: None, count: None })
    }

    /// Its name in logs, which show no URL.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Queued { .. } => "queued",
            Self::Running(_) => "running",
            Self::Succeeded(_) => "succeeded",
            Self::Failed(_) => "failed",
            Self::Cancelled => "cancelled",
            Self::Gone => "gone",
        }
    }

    /// Whether no other status follows.
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Queued { .. } | Self::Running(_) => false,
            Self::Succeeded(_) | Self::Failed(_) | Self::Cancelled | Self::Gone => true,
        }
    }
}

/// The answer to a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Submission {
    /// The provider has accepted the task.
    Accepted {
        /// The task.
        task: TaskId,
    },
    /// It will never accept it.
    Rejected(JobError),
    /// It does not accept it now: it is overloaded, broken, or does not accept our key.
    TryLater {
        /// Its HTTP status.
        status: StatusCode,
        /// How long it asks us to wait in its body; its headers may say so too.
        wait: Option<Duration>,
    },
}

/// The answer to a cancel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancellation {
    /// The task is cancelled.
    Cancelled,
    /// The request was accepted, and the task still runs.
    Requested,
    /// The task had ended before.
    TooLate,
    /// The provider does not know the task, or no longer.
    Gone,
}
