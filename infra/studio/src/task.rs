//! One run, from `IN_QUEUE` to its end, and how it shows itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::ledger::Entry;
use crate::stored_file::StoredFile;

/// How long the result of an ended task can be asked for, by RunPod's documentation.
const RESULT_LIFE: Duration = Duration::from_mins(30);

/// The states of a RunPod job, spelt as its API spells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Waits for a worker.
    InQueue,
    /// Is worked on, or its file waits to be fetched.
    InProgress,
    /// Ended well.
    Completed,
    /// Ended with an error.
    Failed,
    /// Ended on request.
    Cancelled,
    /// Ended because its policy's time was up.
    TimedOut,
}

impl Status {
    /// Whether nothing can follow.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        !matches!(self, Self::InQueue | Self::InProgress)
    }
}

/// What a webhook that was sent told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PostKind {
    /// The worker's own: the file can be fetched.
    FileReady,
    /// A forger's, about the same job.
    Forged,
    /// RunPod's own: the job has ended.
    Ended,
}

/// One webhook that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Post {
    /// What it told.
    pub kind: PostKind,
    /// The receiver's status code; `None` if it did not answer in time.
    pub answer: Option<u16>,
}

/// A task as it stands at one moment.
#[derive(Debug, Clone)]
pub struct TaskView {
    /// RunPod's id of it.
    pub id: String,
    /// The customer's id of it.
    pub job_id: String,
    /// Where it stands.
    pub status: Status,
    /// Whether the download was confirmed.
    pub confirmed: bool,
    /// Size of the file, once there is one.
    pub bytes: Option<u64>,
    /// Why it failed.
    pub error: Option<String>,
    /// The webhooks sent, in order of their answers.
    pub posts: Vec<Post>,
    /// How often its file was asked for.
    pub fetches: u32,
    /// How often the forger's file was asked for.
    pub forged_fetches: u32,
}

impl TaskView {
    /// How many webhooks of that kind were sent.
    #[must_use]
    pub fn posts_of(&self, kind: PostKind) -> usize {
        self.posts.iter().filter(|post| post.kind == kind).count()
    }
}

/// A file that waits to be fetched.
#[derive(Debug, Clone)]
pub(crate) struct Offer {
    pub file: StoredFile,
    pub download_url: String,
    pub confirmation_url: String,
}

/// A run as the ledger keeps it.
#[derive(Debug)]
pub(crate) struct Task {
    pub id: String,
    pub job_id: String,
    pub ordinal: u64,
    pub status: Status,
    pub accepted: Instant,
    pub begun: Option<Instant>,
    pub ended: Option<Instant>,
    pub offer: Option<Offer>,
    pub confirmed: bool,
    pub error: Option<String>,
    pub posts: Vec<Post>,
    pub fetches: u32,
    pub forged_fetches: u32,
    pub confirmation: Arc<Notify>,
    pub cancellation: Arc<Notify>,
}

impl Task {
    /// A task that has just been accepted.
    pub fn new(id: String, job_id: String, ordinal: u64) -> Self {
        Self {
            id,
            job_id,
            ordinal,
            status: Status::InQueue,
            accepted: Instant::now(),
            begun: None,
            ended: None,
            offer: None,
            confirmed: false,
            error: None,
            posts: Vec::new(),
            fetches: 0,
            forged_fetches: 0,
            confirmation: Arc::default(),
            cancellation: Arc::default(),
        }
    }

    /// Whether its file waits to be fetched.
    pub fn is_waiting(&self) -> bool {
        self.offer.is_some() && !self.confirmed && !self.status.is_terminal()
    }

    /// The job as `/status` and RunPod's webhook show it; times in milliseconds.
    pub fn body(&self) -> Value {
        let mut body = json!({ "id": self.id, "status": self.status });
        let begun = self.begun.or(self.ended);
        if let Some(begun) = begun {
            body["delayTime"] = milliseconds(self.accepted, begun);
        }
        if let (Some(begun), Some(ended)) = (self.begun, self.ended) {
            body["executionTime"] = milliseconds(begun, ended);
        }
        if let Some(offer) = &self.offer {
            body["output"] = self.output(offer);
        }
        if let Some(error) = &self.error {
            body["error"] = json!(error);
        }
        body
    }

    fn output(&self, offer: &Offer) -> Value {
        let mut output = json!({
            "job_id": self.job_id,
            "download_url": offer.download_url,
            "confirmation_url": offer.confirmation_url,
            "filename": offer.file.filename,
        });
        if self.status.is_terminal() {
            output["bytes"] = json!(offer.file.bytes);
            output["confirmed"] = json!(self.confirmed);
        }
        output
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

    fn is_forgotten(&self) -> bool {
        self.ended.is_some_and(|ended| ended.elapsed() >= RESULT_LIFE)
    }

    fn view(&self) -> TaskView {
        TaskView {
            id: self.id.clone(),
            job_id: self.job_id.clone(),
            status: self.status,
            confirmed: self.confirmed,
            bytes: self.offer.as_ref().map(|offer| offer.file.bytes),
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
