//! One task of the clipping worker, from `queued` to its end.

use std::sync::Arc;

use serde::Serialize;
use tokio::sync::Notify;

use super::order::Order;
use super::outcome::Outcome;
use crate::task::posts_of;
use crate::task_store::Entry;
use crate::{Post, PostKind};

const QUEUED: &str = "Queued";
const FAILED: &str = "Processing failed";
const CANCELLED: &str = "Processing cancelled";
/// The step of a task that succeeded.
pub(super) const COMPLETE: &str = "Processing complete!";

/// The states of a task, as on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ClippingStatus {
    /// Waits for a worker.
    Queued,
    /// Is processed.
    Running,
    /// Ended successfully.
    Succeeded,
    /// Ended with an error.
    Failed,
    /// Ended on request.
    Cancelled,
}

impl ClippingStatus {
    /// Whether it is final.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

/// A copy of a task.
#[derive(Debug, Clone)]
pub struct ClippingTaskView {
    /// The worker's id.
    pub id: String,
    /// The client's id of the job.
    pub external_job_id: Option<String>,
    /// The client's id of the owner.
    pub owner_user_id: Option<String>,
    /// The source video.
    pub video_url: String,
    /// Most clips to make.
    pub max_clips: u32,
    /// Its status.
    pub status: ClippingStatus,
    /// The percentage done.
    pub progress_percent: u8,
    /// How many clips it has, once it succeeded.
    pub clips: usize,
    /// Why it failed.
    pub error: Option<String>,
    /// Whether it ran, be it not to its end: the worker's time is paid.
    pub is_billed: bool,
    /// The webhooks sent, in the order of their answers. [`PostKind::Ended`] is the final one.
    pub posts: Vec<Post>,
    /// Whether it has ended and no more webhooks follow.
    pub is_settled: bool,
    /// How often its files were requested with a valid link.
    pub fetches: u32,
    /// How often the file of its forged webhook was requested.
    pub forged_fetches: u32,
}

impl ClippingTaskView {
    /// How many webhooks of that kind were sent.
    #[must_use]
    pub fn posts_of(&self, kind: PostKind) -> usize {
        posts_of(&self.posts, kind)
    }
}

/// A task in the store, which keeps it until the studio stops.
#[derive(Debug)]
pub(crate) struct ClippingTask {
    pub id: String,
    pub ordinal: u64,
    pub order: Arc<Order>,
    pub status: ClippingStatus,
    pub progress_percent: u8,
    pub current_step: String,
    /// The finished clips and all clips, once there is a plan.
    pub clips: Option<(usize, usize)>,
    pub outcome: Option<Outcome>,
    pub error: Option<String>,
    pub posts: Vec<Post>,
    pub is_billed: bool,
    pub is_settled: bool,
    pub forged_fetches: u32,
    pub cancellation: Arc<Notify>,
}

impl ClippingTask {
    /// A new task.
    pub fn new(id: String, ordinal: u64, order: Arc<Order>) -> Self {
        Self {
            id,
            ordinal,
            order,
            status: ClippingStatus::Queued,
            progress_percent: 0,
            current_step: QUEUED.to_owned(),
            clips: None,
            outcome: None,
            error: None,
            posts: Vec::new(),
            is_billed: false,
            is_settled: false,
            forged_fetches: 0,
            cancellation: Arc::default(),
        }
    }

    /// Shows a step of a task that runs. Its percentage never falls.
    pub fn advance(&mut self, percent: u8, step: String) {
        if !self.status.is_terminal() {
            self.status = ClippingStatus::Running;
            self.is_billed = true;
            self.progress_percent = self.progress_percent.max(percent);
            self.current_step = step;
        }
    }

    /// Ends it with a result or an error, unless it has ended.
    pub fn end(&mut self, outcome: Result<Outcome, String>) {
        if self.status.is_terminal() {
            return;
        }
        match outcome {
            Ok(outcome) => {
                let clips = outcome.clips.len();
                self.status = ClippingStatus::Succeeded;
                self.progress_percent = 100;
                COMPLETE.clone_into(&mut self.current_step);
                self.clips = Some((clips, clips));
                self.outcome = Some(outcome);
            }
            Err(error) => {
                self.status = ClippingStatus::Failed;
                FAILED.clone_into(&mut self.current_step);
                self.error = Some(error);
            }
        }
    }

    /// Cancels it, unless it has ended; its worker cleans up.
    pub fn cancel(&mut self) -> ClippingStatus {
        if !self.status.is_terminal() {
            self.status = ClippingStatus::Cancelled;
            CANCELLED.clone_into(&mut self.current_step);
            self.cancellation.notify_one();
        }
        self.status
    }
}

impl Entry for ClippingTask {
    type View = ClippingTaskView;

    fn id(&self) -> &str {
        &self.id
    }

    fn ordinal(&self) -> u64 {
        self.ordinal
    }

    fn is_expired(&self) -> bool {
        false
    }

    fn view(&self) -> ClippingTaskView {
        let outputs = self.outcome.iter().flat_map(|outcome| &outcome.outputs);
        ClippingTaskView {
            id: self.id.clone(),
            external_job_id: self.order.external_job_id.clone(),
            owner_user_id: self.order.owner_user_id.clone(),
            video_url: self.order.video_url.to_string(),
            max_clips: self.order.max_clips,
            status: self.status,
            progress_percent: self.progress_percent,
            clips: self.outcome.as_ref().map_or(0, |outcome| outcome.clips.len()),
            error: self.error.clone(),
            is_billed: self.is_billed,
            posts: self.posts.clone(),
            is_settled: self.is_settled,
            fetches: outputs.map(|output| output.fetches).sum(),
            forged_fetches: self.forged_fetches,
        }
    }
}
