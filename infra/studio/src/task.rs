//! One RunPod task, from `IN_QUEUE` to its end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::stored_file::StoredFile;
use crate::task_store::Entry;

/// How long the result of an ended task is kept, as RunPod documents it.
const RESULT_TTL: Duration = Duration::from_mins(30);

/// The states of a RunPod job, as its API names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Waits for a worker.
    InQueue,
    /// Is processed, or its file waits for the download.
    InProgress,
    /// Ended successfully.
    Completed,
    /// Ended with an error.
    Failed,
    /// Ended on request.
    Cancelled,
    /// Ended because a time limit of its policy passed.
    TimedOut,
}

impl Status {
    /// Whether it is final.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        !matches!(self, Self::InQueue | Self::InProgress)
    }
}

/// The kind of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PostKind {
    /// The worker callback: the file is ready.
    FileReady,
    /// A forged one, for the same job.
    Forged,
    /// RunPod's own: the job has ended. Of a scene service: its webhook. Of Replicate: `completed`. Of
    /// the clipping worker: `job.completed` or `job.failed`.
    Ended,
    /// Of Replicate: `start`. Of the clipping worker: `job.started`.
    Start,
    /// Of Replicate: `output`.
    Output,
    /// Of Replicate: `logs`.
    Logs,
    /// Of the clipping worker: `job.progress`.
    Progress,
}

/// A webhook that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Post {
    /// Its kind.
    pub kind: PostKind,
    /// The receiver's status code; `None` if it did not answer in time.
    pub answer: Option<u16>,
}

/// A copy of a task.
#[derive(Debug, Clone)]
pub struct TaskView {
    /// RunPod's id.
    pub id: String,
    /// The client's job id.
    pub job_id: String,
    /// Its status.
    pub status: Status,
    /// Whether the download was confirmed.
    pub confirmed: bool,
    /// Size of the file, once there is one.
    pub bytes: Option<u64>,
    /// Why it failed.
    pub error: Option<String>,
    /// The webhooks sent, in order of their answers.
    pub posts: Vec<Post>,
    /// How often its file was requested.
    pub fetches: u32,
    /// How often the file of its forged webhook was requested.
    pub forged_fetches: u32,
}

impl TaskView {
    /// How many webhooks of that kind were sent.
    #[must_use]
    pub fn posts_of(&self, kind: PostKind) -> usize {
        posts_of(&self.posts, kind)
    }
}

/// How many of `posts` are of that kind.
pub(crate) fn posts_of(posts: &[Post], kind: PostKind) -> usize {
    posts.iter().filter(|post| post.kind == kind).count()
}

/// A finished file, and its URLs.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    pub file: StoredFile,
    pub download_url: String,
    pub confirmation_url: String,
}

/// A task in the store.
#[derive(Debug)]
pub(crate) struct Task {
    pub id: String,
    pub job_id: String,
    pub ordinal: u64,
    pub status: Status,
    pub accepted: Instant,
    pub begun: Option<Instant>,
    pub ended: Option<Instant>,
    pub output: Option<Output>,
    pub confirmed: bool,
    pub error: Option<String>,
    pub posts: Vec<Post>,
    pub fetches: u32,
    pub forged_fetches: u32,
    pub confirmation: Arc<Notify>,
    pub cancellation: Arc<Notify>,
}

impl Task {
    /// A new task.
    pub fn new(id: String, job_id: String, ordinal: u64) -> Self {
        Self {
            id,
            job_id,
            ordinal,
            status: Status::InQueue,
            accepted: Instant::now(),
            begun: None,
            ended: None,
            output: None,
            confirmed: false,
            error: None,
            posts: Vec::new(),
            fetches: 0,
            forged_fetches: 0,
            confirmation: Arc::default(),
            cancellation: Arc::default(),
        }
    }

    /// Whether its file waits for the confirmation.
    pub fn is_waiting(&self) -> bool {
        self.output.is_some() && !self.confirmed && !self.status.is_terminal()
    }

    /// The body of `/status` and of RunPod's own webhook; times in milliseconds.
    pub fn body(&self) -> Value {
        let mut body = json!({ "id": self.id, "status": self.status });
        let begun = self.begun.or(self.ended);
        if let Some(begun) = begun {
            body["delayTime"] = milliseconds(self.accepted, begun);
        }
        if let (Some(begun), Some(ended)) = (self.begun, self.ended) {
            body["executionTime"] = milliseconds(begun, ended);
        }
        if let Some(output) = &self.output {
            body["output"] = self.output_body(output);
        }
        if let Some(error) = &self.error {
            body["error"] = json!(error);
        }
        body
    }

    fn output_body(&self, output: &Output) -> Value {
        let mut body = json!({
            "job_id": self.job_id,
            "download_url": output.download_url,
            "confirmation_url": output.confirmation_url,
            "filename": output.file.filename,
        });
        if self.status.is_terminal() {
            body["bytes"] = json!(output.file.bytes);
            body["confirmed"] = json!(self.confirmed);
        }
        body
    }
}

impl Entry for Task {
    type View = TaskView;

    fn id(&self) -> &str {
        &self.id
    }

    fn ordinal(&self) -> u64 {
        self.ordinal
    }

    fn is_expired(&self) -> bool {
        self.ended.is_some_and(|ended| ended.elapsed() >= RESULT_TTL)
    }

    fn view(&self) -> TaskView {
        TaskView {
            id: self.id.clone(),
            job_id: self.job_id.clone(),
            status: self.status,
            confirmed: self.confirmed,
            bytes: self.output.as_ref().map(|output| output.file.bytes),
            error: self.error.clone(),
            posts: self.posts.clone(),
            fetches: self.fetches,
            forged_fetches: self.forged_fetches,
        }
    }
}

fn milliseconds(from: Instant, to: Instant) -> Value {
    json!(u64::try_from(to.saturating_duration_since(from).as_millis()).unwrap_or(u64::MAX))
}
