//! A running embedded cloud.

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

/// How long running invocations may take to end when the cloud stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// How often [`Cloud::idle`] polls the queues, which do not notify it.
const IDLE_POLL: Duration = Duration::from_millis(2);

/// The running template. Dropping it aborts everything; the next start on the same data folder
/// resumes what was in flight.
pub struct Cloud {
    pub(crate) api_url: String,
    pub(crate) aws_url: String,
    pub(crate) live_url: Option<String>,
    pub(crate) first_key: FirstKey,
    pub(crate) aws: Arc<Aws>,
    pub(crate) functions: Arc<Functions>,
    pub(crate) activity: Arc<Activity>,
    /// The queues with an event source mapping.
    pub(crate) queues: Vec<String>,
    /// The position of each stream mapping.
    pub(crate) streams: Vec<Arc<StreamPosition>>,
    /// Stops the servers and the mappings.
    pub(crate) stopped: CancellationToken,
    /// Aborts running invocations as well.
    pub(crate) cut_off: DropGuard,
    pub(crate) tasks: JoinSet<()>,
    /// Declared last, so that the folder is unlocked after everything in it is closed.
    pub(crate) folder: DataFolder,
}

impl Cloud {
    /// Starts everything that the template describes.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        start::cloud(settings).await
    }

    /// The URL of the HTTP API, without a trailing slash.
    pub fn api_url(&self) -> &str {
        &self.api_url
    }

    /// The URL of the AWS services, without a trailing slash.
    pub fn aws_url(&self) -> &str {
        &self.aws_url
    }

    /// The URL of the WebSocket API, if the template has one.
    pub fn live_url(&self) -> Option<&str> {
        self.live_url.as_deref()
    }

    /// The API key of the owner `local`.
    pub const fn api_key(&self) -> &Secret {
        &self.first_key.key
    }

    /// The API key, and whether this start created it.
    pub const fn first_key(&self) -> &FirstKey {
        &self.first_key
    }

    /// The AWS services.
    pub const fn aws(&self) -> &Arc<Aws> {
        &self.aws
    }

    /// The data folder.
    pub fn data_dir(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Invokes the function `name` as Lambda would.
    pub async fn invoke(&self, name: &str, event: Value) -> Result<Value, InvocationError> {
        self.functions.invoke(name, event).await
    }

    /// Resolves when nothing happens until time passes or a request arrives: no function runs, no
    /// queue with a consumer has a visible message, and every stream is read to its end or waits
    /// for time to pass.
    pub async fn idle(&self) {
        while !self.is_idle() {
            // An invocation notifies at its end; a message does not at its arrival.
            let _ = tokio::time::timeout(IDLE_POLL, self.activity.became_idle()).await;
        }
    }

    /// The next time at which something happens by itself: a message becomes visible, or a wait
    /// ends.
    pub fn next_due(&self) -> Option<Timestamp> {
        let messages = self.aws.next_due().ok().flatten();
        [messages, self.activity.next_due()].into_iter().flatten().min()
    }

    /// Polls every source of work. The result holds only if no work began meanwhile, which could
    /// have moved work from a source not yet polled to one already polled.
    fn is_idle(&self) -> bool {
        let Some(before) = self.activity.idle_since() else { return false };
        let has_messages =
            |queue: &String| self.aws.queue_depth(queue).map_or(true, |depth| depth.visible > 0);
        if self.queues.iter().any(has_messages) {
            return false;
        }
        for stream in self.streams.iter().filter(|stream| !stream.is_waiting()) {
            let after = stream.after();
            let next = self.aws.stream_records(&stream.table, after.as_deref(), 1);
            if !next.is_ok_and(|records| records.is_empty()) {
                return false;
            }
        }
        self.activity.idle_since() == Some(before)
    }

    /// Stops taking requests and messages, gives running invocations 5 s to end, and closes.
    pub async fn stop(mut self) {
        self.stopped.cancel();
        let ended = async {
            self.activity.ended().await;
            while self.tasks.join_next().await.is_some() {}
        };
        if tokio::time::timeout(STOP_TIMEOUT, ended).await.is_err() {
            tracing::warn!(kind = "stop", "running invocations aborted; the next start resumes");
        }
        drop(self.cut_off);
        let _ = tokio::time::timeout(STOP_TIMEOUT, self.activity.ended()).await;
        self.tasks.shutdown().await;
    }
}
