//! Starts and stops a studio, and shows its tasks.

use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::api::router;
use crate::clipping;
use crate::output::is_ours;
use crate::replicate::ReplicateTask;
use crate::state::StudioState;
use crate::task_store::TaskStore;
use crate::{
    ClippingTaskView, ReplicateTaskView, SceneTaskView, Service, Settings, SpeechError, TaskView,
};

/// How long running downloads may take to end.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// Why a studio does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The speech program is missing or broken.
    #[error(transparent)]
    Speech(#[from] SpeechError),
    /// The port cannot be bound.
    #[error("port {port} of 127.0.0.1 cannot be used ({source}); choose another with --port")]
    Listen {
        /// The port.
        port: u16,
        /// Why.
        source: io::Error,
    },
    /// The work folder cannot be created.
    #[error("the work folder cannot be created: {0}")]
    WorkDir(#[source] io::Error),
    /// Signal handlers cannot be installed.
    #[error("signals cannot be received: {0}")]
    Signal(#[source] io::Error),
    /// The webhook secret cannot be used as a key.
    #[error("the webhook secret cannot be used: {0}")]
    WebhookSecret(#[from] hmac::digest::InvalidLength),
    /// The webhook secret of Replicate cannot be used.
    #[error("the webhook secret of Replicate cannot be used: {0}")]
    ReplicateSecret(#[from] signing::InvalidSecret),
    /// The HTTP client cannot be created.
    #[error("the HTTP client cannot be created: {0}")]
    Client(#[from] reqwest::Error),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// A running studio. [`Studio::stop`] stops it; dropping it does not.
#[derive(Debug)]
pub struct Studio {
    state: Arc<StudioState>,
    /// Deleted with the studio.
    _temporary: Option<TempDir>,
    end: oneshot::Sender<()>,
    server: JoinHandle<io::Result<()>>,
}

impl Studio {
    /// Starts a studio on 127.0.0.1.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        settings.engine.check().await?;
        let (work_dir, temporary) = make_work_dir(settings.work_dir.clone())?;
        let port = settings.port;
        let listen_error = |source| StartError::Listen { port, source };
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(listen_error)?;
        let address = listener.local_addr().map_err(listen_error)?;
        let state = Arc::new(StudioState::new(settings, format!("http://{address}"), work_dir)?);
        let (end, ended) = oneshot::channel();
        let server = axum::serve(listener, router(&state)).with_graceful_shutdown(async {
            // A dropped studio keeps serving.
            if ended.await.is_err() {
                std::future::pending::<()>().await;
            }
        });
        let server = tokio::spawn(server.into_future());
        Ok(Self { state, _temporary: temporary, end, server })
    }

    /// Its URL, without a trailing slash.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.state.base_url
    }

    /// The RunPod tasks, in the order of creation.
    #[must_use]
    pub fn tasks(&self) -> Vec<TaskView> {
        self.state.tasks.views()
    }

    /// Resolves once `condition` holds for the RunPod tasks.
    pub async fn until(&self, condition: impl Fn(&[TaskView]) -> bool) {
        self.state.tasks.until(condition).await;
    }

    /// The URL of a scene service, without a trailing slash.
    #[must_use]
    pub fn scene_url(&self, service: Service) -> String {
        format!("{}{}", self.state.base_url, service.path())
    }

    /// The scene services' tasks, in the order of creation.
    #[must_use]
    pub fn scene_tasks(&self) -> Vec<SceneTaskView> {
        self.state.scenes.views()
    }

    /// Resolves once `condition` holds for the scene services' tasks.
    pub async fn until_scenes(&self, condition: impl Fn(&[SceneTaskView]) -> bool) {
        self.state.scenes.until(condition).await;
    }

    /// Whether every scene task has ended and none of their webhooks is being sent, held back or
    /// retried.
    #[must_use]
    pub fn scenes_are_silent(&self) -> bool {
        self.state.scenes.all(|task| task.is_settled)
    }

    /// Resolves once [`Studio::scenes_are_silent`].
    pub async fn until_scenes_are_silent(&self) {
        self.state.scenes.until_store(|scenes| scenes.all(|task| task.is_settled)).await;
    }

    /// The tasks of Replicate, in the order of creation.
    #[must_use]
    pub fn replicate_tasks(&self) -> Vec<ReplicateTaskView> {
        self.state.replicate.tasks.views()
    }

    /// Resolves once `condition` holds for the tasks of Replicate.
    pub async fn until_replicate(&self, condition: impl Fn(&[ReplicateTaskView]) -> bool) {
        self.state.replicate.tasks.until(condition).await;
    }

    /// Whether every task of Replicate has ended and none of their webhooks is being sent, held back
    /// or retried.
    #[must_use]
    pub fn replicate_is_silent(&self) -> bool {
        self.state.replicate.tasks.all(|task| task.is_settled)
    }

    /// Resolves once [`Studio::replicate_is_silent`].
    pub async fn until_replicate_is_silent(&self) {
        let is_silent = |tasks: &TaskStore<ReplicateTask>| tasks.all(|task| task.is_settled);
        self.state.replicate.tasks.until_store(is_silent).await;
    }

    /// The URL of the clipping worker, without a trailing slash.
    #[must_use]
    pub fn clipping_url(&self) -> String {
        format!("{}{}", self.state.base_url, clipping::PATH)
    }

    /// The clipping worker's tasks, in the order of creation.
    #[must_use]
    pub fn clipping_tasks(&self) -> Vec<ClippingTaskView> {
        self.state.clipping.tasks.views()
    }

    /// Resolves once `condition` holds for the clipping worker's tasks.
    pub async fn until_clipping(&self, condition: impl Fn(&[ClippingTaskView]) -> bool) {
        self.state.clipping.tasks.until(condition).await;
    }

    /// Whether every clipping task has ended and none of their webhooks is being sent, held back or
    /// retried.
    #[must_use]
    pub fn clipping_is_silent(&self) -> bool {
        self.state.clipping.tasks.all(|task| task.is_settled)
    }

    /// Resolves once [`Studio::clipping_is_silent`].
    pub async fn until_clipping_is_silent(&self) {
        self.state.clipping.tasks.until_store(|tasks| tasks.all(|task| task.is_settled)).await;
    }

    /// Aborts every task and its child processes; then stops the server and deletes its files.
    pub async fn stop(self) {
        self.state.shut_down().await;
        let _ = self.end.send(());
        let _ = tokio::time::timeout(STOP_TIMEOUT, self.server).await;
        // A request may have started a task meanwhile.
        self.state.shut_down().await;
        // Finished scenes are kept until now, and an aborted download may hold one open.
        if let Err(error) = delete_left_files(&self.state.work_dir) {
            tracing::warn!(%error, "files of this studio are left in its work folder");
        }
    }
}

fn make_work_dir(chosen: Option<PathBuf>) -> Result<(PathBuf, Option<TempDir>), StartError> {
    if let Some(path) = chosen {
        std::fs::create_dir_all(&path).map_err(StartError::WorkDir)?;
        delete_left_files(&path).map_err(StartError::WorkDir)?;
        return Ok((path, None));
    }
    let temporary = TempDir::with_prefix("hookreel-studio-").map_err(StartError::WorkDir)?;
    Ok((temporary.path().to_owned(), Some(temporary)))
}

/// Deletes files of a studio that no longer runs.
fn delete_left_files(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if is_ours(&entry.file_name().to_string_lossy()) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
