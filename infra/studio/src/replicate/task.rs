//! One prediction or training, from `starting` to its end.

use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::Notify;

use super::submission::Submission;
use crate::output::KeptFile;
use crate::task::posts_of;
use crate::task_store::Entry;
use crate::{Post, PostKind};

/// The statuses of a task, as on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ReplicateStatus {
    /// Waits for a worker.
    Starting,
    /// Runs.
    Processing,
    /// Ended successfully.
    Succeeded,
    /// Ended with an error.
    Failed,
    /// Ended on request, or by its deadline while it ran.
    Canceled,
    /// Ended by its deadline before it ran.
    Aborted,
}

impl ReplicateStatus {
    /// Whether it is final.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        !matches!(self, Self::Starting | Self::Processing)
    }
}

/// A copy of a task.
#[derive(Debug, Clone)]
pub struct ReplicateTaskView {
    /// Replicate's id.
    pub id: String,
    /// The model, as `owner/name`.
    pub model: String,
    /// The id of the model's version.
    pub version: String,
    /// The destination of a training; `None` for a prediction.
    pub destination: Option<String>,
    /// The input as it was sent.
    pub input: Value,
    /// Its status.
    pub status: ReplicateStatus,
    /// Its output, until that is removed.
    pub output: Option<Value>,
    /// Why it failed.
    pub error: Option<String>,
    /// Whether it ran, be it not to its end: Replicate bills the time.
    pub is_billed: bool,
    /// The webhooks sent, in the order of their answers. [`PostKind::Ended`] is the final one.
    pub posts: Vec<Post>,
    /// Whether it has ended and no more webhooks follow.
    pub is_settled: bool,
    /// How often its files were requested with the token.
    pub fetches: u32,
    /// How often the file of its forged webhook was requested.
    pub forged_fetches: u32,
}

impl ReplicateTaskView {
    /// How many webhooks of that kind were sent.
    #[must_use]
    pub fn posts_of(&self, kind: PostKind) -> usize {
        posts_of(&self.posts, kind)
    }
}

/// A task in the store, which keeps it until the studio stops.
#[derive(Debug)]
pub(crate) struct ReplicateTask {
    pub id: String,
    pub ordinal: u64,
    pub submission: Arc<Submission>,
    pub status: ReplicateStatus,
    pub created: Timestamp,
    pub started: Option<Timestamp>,
    pub completed: Option<Timestamp>,
    pub logs: String,
    pub output: Option<Value>,
    pub files: Vec<KeptFile>,
    pub error: Option<String>,
    pub data_removed: bool,
    pub posts: Vec<Post>,
    pub is_settled: bool,
    pub forged_fetches: u32,
    pub cancellation: Arc<Notify>,
}

impl ReplicateTask {
    /// A new task.
    pub fn new(id: String, ordinal: u64, submission: Arc<Submission>, now: Timestamp) -> Self {
        Self {
            id,
            ordinal,
            submission,
            status: ReplicateStatus::Starting,
            created: now,
            started: None,
            completed: None,
            logs: String::new(),
            output: None,
            files: Vec::new(),
            error: None,
            data_removed: false,
            posts: Vec::new(),
            is_settled: false,
            forged_fetches: 0,
            cancellation: Arc::default(),
        }
    }

    /// When it is ended, whatever has become of it.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.submission.cancel_after.map(|time| self.created + time)
    }

    /// Starts to run, unless it has ended.
    pub fn start(&mut self, now: Timestamp) {
        if !self.status.is_terminal() {
            self.status = ReplicateStatus::Processing;
            self.started = Some(now);
        }
    }

    /// Ends it with `status`, unless it has ended; its worker cleans up and sends the webhook.
    pub fn end(&mut self, status: ReplicateStatus, now: Timestamp) {
        if !self.status.is_terminal() {
            self.status = status;
            self.completed = Some(now);
            self.cancellation.notify_one();
        }
    }

    /// Ends it by its deadline.
    pub fn expire(&mut self, now: Timestamp) {
        let before_start = self.status == ReplicateStatus::Starting;
        let status =
            if before_start { ReplicateStatus::Aborted } else { ReplicateStatus::Canceled };
        self.end(status, now);
    }

    /// Does what is due: the end by the deadline, the removal of data after `retention`.
    pub fn settle(&mut self, now: Timestamp, retention: Duration) {
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            self.expire(now);
        }
        if self.completed.is_some_and(|completed| completed + retention <= now) {
            self.data_removed = true;
            self.output = None;
            self.files.clear();
        }
    }
}

impl Entry for ReplicateTask {
    type View = ReplicateTaskView;

    fn id(&self) -> &str {
        &self.id
    }

    fn ordinal(&self) -> u64 {
        self.ordinal
    }

    fn is_expired(&self) -> bool {
        false
    }

    fn view(&self) -> ReplicateTaskView {
        ReplicateTaskView {
            id: self.id.clone(),
            model: self.submission.version.model.clone(),
            version: self.submission.version.id.clone(),
            destination: self.submission.destination.clone(),
            input: Value::Object(self.submission.input.clone()),
            status: self.status,
            output: self.output.clone(),
            error: self.error.clone(),
            is_billed: self.started.is_some(),
            posts: self.posts.clone(),
            is_settled: self.is_settled,
            fetches: self.files.iter().map(|file| file.fetches).sum(),
            forged_fetches: self.forged_fetches,
        }
    }
}
