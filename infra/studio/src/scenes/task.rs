//! One task of a scene service, from `queued` to its end.

use std::sync::Arc;

use domain::Timestamp;
use serde::Serialize;
use tokio::sync::Notify;
use url::Url;

use super::Service;
use super::order::Order;
use super::outcome::Outcome;
use crate::output::KeptFile;
use crate::task::posts_of;
use crate::task_store::Entry;
use crate::{Post, PostKind};

/// The states of a scene task, as on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SceneStatus {
    /// Waits for a worker.
    Queued,
    /// Is processed.
    Processing,
    /// Ended successfully.
    Completed,
    /// Ended with an error.
    Failed,
    /// Ended on request.
    Cancelled,
}

impl SceneStatus {
    /// Whether it is final.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        !matches!(self, Self::Queued | Self::Processing)
    }
}

/// A copy of a scene task.
#[derive(Debug, Clone)]
pub struct SceneTaskView {
    /// The service's id.
    pub id: String,
    /// Its service.
    pub service: Service,
    /// The client's project.
    pub project_id: String,
    /// The client's scene; `None` for a stitch.
    pub scene_id: Option<String>,
    /// The prompt of a video.
    pub prompt: Option<String>,
    /// The URLs of its inputs: the first frame of a video if it has one, the video of a last frame,
    /// the videos of a film in order.
    pub inputs: Vec<String>,
    /// Its status.
    pub status: SceneStatus,
    /// Why it failed.
    pub error: Option<String>,
    /// The webhooks sent, in the order of their answers. [`PostKind::Ended`] is the service's own.
    pub posts: Vec<Post>,
    /// Whether a fault holds back its webhook.
    pub is_held: bool,
    /// Whether it has ended and no more webhooks follow.
    pub is_settled: bool,
    /// How often its files were requested.
    pub fetches: u32,
    /// How often the file of its forged webhook was requested.
    pub forged_fetches: u32,
}

impl SceneTaskView {
    /// How many webhooks of that kind were sent.
    #[must_use]
    pub fn posts_of(&self, kind: PostKind) -> usize {
        posts_of(&self.posts, kind)
    }
}

/// A task in the store, which keeps it until the studio stops.
#[derive(Debug)]
pub(crate) struct SceneTask {
    pub id: String,
    pub ordinal: u64,
    pub service: Service,
    pub order: Arc<Order>,
    pub status: SceneStatus,
    /// The percentage done, from 0 to 99.
    pub progress: u8,
    /// The time of its last change of status.
    pub changed: Timestamp,
    pub outcome: Option<Outcome>,
    pub error: Option<String>,
    pub posts: Vec<Post>,
    pub is_held: bool,
    pub is_settled: bool,
    pub forged_fetches: u32,
    pub cancellation: Arc<Notify>,
}

impl SceneTask {
    /// A new task.
    pub fn new(id: String, ordinal: u64, service: Service, order: Arc<Order>) -> Self {
        Self {
            id,
            ordinal,
            service,
            order,
            status: SceneStatus::Queued,
            progress: 0,
            changed: now(),
            outcome: None,
            error: None,
            posts: Vec::new(),
            is_held: false,
            is_settled: false,
            forged_fetches: 0,
            cancellation: Arc::default(),
        }
    }

    /// Changes its status, unless it has ended.
    pub fn move_to(&mut self, status: SceneStatus) {
        if !self.status.is_terminal() {
            self.status = status;
            self.changed = now();
        }
    }

    /// Records that `percent` is done. 100 follows only from the end.
    pub fn show_progress(&mut self, percent: u64) {
        let percent = u8::try_from(percent).unwrap_or(u8::MAX).min(99);
        self.progress = self.progress.max(percent);
    }

    /// Cancels it, unless it has ended; its worker cleans up.
    pub fn cancel(&mut self) -> SceneStatus {
        self.move_to(SceneStatus::Cancelled);
        self.cancellation.notify_one();
        self.status
    }
}

impl Entry for SceneTask {
    type View = SceneTaskView;

    fn id(&self) -> &str {
        &self.id
    }

    fn ordinal(&self) -> u64 {
        self.ordinal
    }

    fn is_expired(&self) -> bool {
        false
    }

    fn view(&self) -> SceneTaskView {
        let outputs = self.outcome.iter().flat_map(|outcome| &outcome.outputs);
        SceneTaskView {
            id: self.id.clone(),
            service: self.service,
            project_id: self.order.project_id.clone(),
            scene_id: self.order.scene_id().map(str::to_owned),
            prompt: self.order.prompt().map(str::to_owned),
            inputs: self.order.inputs().into_iter().map(Url::into).collect(),
            status: self.status,
            error: self.error.clone(),
            posts: self.posts.clone(),
            is_held: self.is_held,
            is_settled: self.is_settled,
            fetches: outputs.map(|output: &KeptFile| output.fetches).sum(),
            forged_fetches: self.forged_fetches,
        }
    }
}

/// The time on this machine's clock.
fn now() -> Timestamp {
    let since_epoch = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}
