//! An embedded cloud at work.

use std::sync::Arc;
use std::time::Duration;

use domain::{Secret, Timestamp};
use serde_json::Value;
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::activity::Activity;
use crate::aws::Aws;
use crate::data_folder::DataFolder;
use crate::error::StartError;
use crate::first_key::FirstKey;
use crate::functions::{Functions, InvocationError};
use crate::mappings::StreamPosition;
use crate::settings::Settings;
use crate::start;

/// How long invocations that run may take to end when the cloud stops.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often to look again where nothing tells of a change.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// The template, running in this process. Dropping it stops it at once; what was in flight is
/// taken up again at the next start on the same data folder.
pub struct Cloud {
    pub(crate) api_url: String,
    pub(crate) aws_url: String,
    pub(crate) first_key: FirstKey,
    pub(crate) aws: Arc<Aws>,
    pub(crate) functions: Arc<Functions>,
    pub(crate) activity: Arc<Activity>,
    /// The queues that feed functions.
    pub(crate) queues: Vec<String>,
    /// How far each stream has been followed.
    pub(crate) streams: Vec<Arc<StreamPosition>>,
    /// Ends the servers and the mappings.
    pub(crate) stopped: CancellationToken,
    /// Ends what runs in a function as well.
    pub(crate) cut_off: DropGuard,
    pub(crate) tasks: JoinSet<()>,
    /// Last, so that the folder is given up after everything in it is closed.
    pub(crate) folder: DataFolder,
}

impl Cloud {
    /// Starts all that the template describes.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        start::cloud(settings).await
    }

    /// Where the HTTP API is, without a slash at the end.
    #[must_use]
    pub fn api_url(&self) -> &str {
        &self.api_url
    }

    /// Where the AWS services are, without a slash at the end.
    #[must_use]
    pub fn aws_url(&self) -> &str {
        &self.aws_url
    }

    /// The API key of the owner `local`.
    #[must_use]
    pub const fn api_key(&self) -> &Secret {
        &self.first_key.key
    }

    /// The same, and whether this start made it.
    #[must_use]
    pub const fn first_key(&self) -> &FirstKey {
        &self.first_key
    }

    /// The AWS services.
    #[must_use]
    pub const fn aws(&self) -> &Arc<Aws> {
        &self.aws
    }

    /// The folder with all state.
    #[must_use]
    pub fn data_dir(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Invokes the function `name` as Lambda would.
    pub async fn invoke(&self, name: &str, event: Value) -> Result<Value, InvocationError> {
        self.functions.invoke(name, event).await
    }

    /// Resolves when nothing more will happen until time passes or a request comes: no
    /// function runs, no queue with a consumer holds a visible message, and every stream has
    /// been followed to its end, or to a batch whose next try is a matter of time.
    pub async fn idle(&self) {
        while !self.is_idle() {
            // The end of an invocation is told, the arrival of a message is not.
            let _ = tokio::time::timeout(LOOK_AGAIN, self.activity.became_quiet()).await;
        }
    }

    /// The next moment at which something will happen by itself: a message becomes visible, or
    /// a wait ends.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let messages = self.aws.next_due().ok().flatten();
        [messages, self.activity.next_due()].into_iter().flatten().min()
    }

    /// Looks at every source of work, and counts only if no work began meanwhile: it could
    /// have gone from a source not yet looked at to one looked at already.
    fn is_idle(&self) -> bool {
        let Some(before) = self.activity.quiet_since() else { return false };
        let has_messages =
            |queue: &String| self.aws.queue_depth(queue).map_or(true, |depth| depth.visible > 0);
        if self.queues.iter().any(has_messages) {
            return false;
        }
        for stream in self.streams.iter().filter(|stream| !stream.waits()) {
            let after = stream.after();
            let next = self.aws.stream_records(&stream.table, after.as_deref(), 1);
            if !next.is_ok_and(|records| records.is_empty()) {
                return false;
            }
        }
        self.activity.quiet_since() == Some(before)
    }

    /// Stops taking requests and messages, lets what runs end within 5 s, and closes.
    pub async fn stop(mut self) {
        self.stopped.cancel();
        let ended = async {
            self.activity.ended().await;
            while self.tasks.join_next().await.is_some() {}
        };
        if tokio::time::timeout(PATIENCE, ended).await.is_err() {
            tracing::warn!(kind = "stop", "cut off what still ran; the next start takes it up");
        }
        drop(self.cut_off);
        let _ = tokio::time::timeout(PATIENCE, self.activity.ended()).await;
        self.tasks.shutdown().await;
    }
}
