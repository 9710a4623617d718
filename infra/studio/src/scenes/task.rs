//! One task of a scene service, from `queued` to its end, and how it shows itself.

use std::sync::Arc;

use domain::Timestamp;
use serde::Serialize;
use tokio::sync::Notify;
use url::Url;

use super::Service;
use super::order::Order;
use super::outcome::{Outcome, Output};
use crate::ledger::Entry;
use crate::{Post, PostKind};

/// The states of a scene task, spelt as on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SceneStatus {
    /// Waits for a worker.
    Queued,
    /// Is worked on.
    Processing,
    /// Ended well.
    Completed,
    /// Ended with an error.
    Failed,
    /// Ended on request.
    Cancelled,
}

impl SceneStatus {
    /// Whether nothing can follow.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        !matches!(self, Self::Queued | Self::Processing)
    }
}

/// A scene task as it stands at one moment.
#[derive(Debug, Clone)]
pub struct SceneTaskView {
    /// The service's id of it.
    pub id: String,
    /// Which service it was asked of.
    pub service: Service,
    /// The customer's project.
    pub project_id: String,
    /// The customer's scene; `None` for a stitch.
    pub scene_id: Option<String>,
    /// The prompt of a video.
    pub prompt: Option<String>,
    /// The URLs that it starts from: a video's first frame if it has one, the video whose last
    /// frame is wanted, the videos of a film in order.
    pub inputs: Vec<String>,
    /// Where it stands.
    pub status: SceneStatus,
    /// Why it failed.
    pub error: Option<String>,
    /// The webhooks sent, in order of their answers. [`PostKind::Ended`] is the service's own.
    pub posts: Vec<Post>,
    /// Whether a fault holds its webhook back now.
    pub is_held: bool,
    /// Whether it has ended and nothing more will be sent about it.
    pub is_settled: bool,
    /// How often its files were asked for.
    pub fetches: u32,
    /// How often the forger's file was asked for.
    pub forged_fetches: u32,
}

impl SceneTaskView {
    /// How many webhooks of that kind were sent.
    #[must_use]
    pub fn posts_of(&self, kind: PostKind) -> usize {
        self.posts.iter().filter(|post| post.kind == kind).count()
    }
}

/// A task as the ledger keeps it, until the studio ends.
#[derive(Debug)]
pub(crate) struct SceneTask {
    pub id: String,
    pub ordinal: u64,
    pub service: Service,
    pub order: Arc<Order>,
    pub status: SceneStatus,
    /// From 0 to 99 while it is worked on.
    pub progress: u8,
    /// When it last changed its status.
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
    /// A task that has just been accepted.
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

    /// Moves it on, unless it has ended.
    pub fn move_to(&mut self, status: SceneStatus) {
        if !self.status.is_terminal() {
            self.status = status;
            self.changed = now();
        }
    }

    /// Writes down that `percent` of the work is done. All of it is done only once it has ended.
    pub fn show_progress(&mut self, percent: u64) {
        let percent = u8::try_from(percent).unwrap_or(u8::MAX).min(99);
        self.progress = self.progress.max(percent);
    }

    /// Ends it on request, unless it has ended; its worker cleans up after it.
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

    fn is_forgotten(&self) -> bool {
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
            fetches: outputs.map(|output: &Output| output.fetches).sum(),
            forged_fetches: self.forged_fetches,
        }
    }
}

/// The time on this machine's clock.
fn now() -> Timestamp {
    let since_epoch = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}
