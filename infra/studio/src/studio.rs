//! Starts a studio, shows what it did, stops it.

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
use crate::output::is_ours;
use crate::pod::Pod;
use crate::{SceneTaskView, Service, Settings, SpeechError, TaskView};

/// How long downloads that still run may take to end.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why a studio did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The program that speaks is missing or broken.
    #[error(transparent)]
    Speech(#[from] SpeechError),
    /// The port is not to be had.
    #[error("port {port} of 127.0.0.1 cannot be used ({source}); choose another with --port")]
    Listen {
        /// Which port.
        port: u16,
        /// Why.
        source: io::Error,
    },
    /// The work folder is not to be had.
    #[error("the work folder cannot be made: {0}")]
    WorkDir(#[source] io::Error),
    /// The program cannot hear when it is to stop.
    #[error("signals cannot be received: {0}")]
    Signal(#[source] io::Error),
    /// The secret cannot sign.
    #[error("the webhook secret cannot be used: {0}")]
    WebhookSecret(#[from] hmac::digest::InvalidLength),
    /// The HTTP client cannot be made.
    #[error("the HTTP client cannot be made: {0}")]
    Client(#[from] reqwest::Error),
    /// Its TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// A studio at work. Dropping it does not stop it; [`Studio::stop`] does.
#[derive(Debug)]
pub struct Studio {
    pod: Arc<Pod>,
    /// Deletes itself with the studio.
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
        let pod = Arc::new(Pod::new(settings, format!("http://{address}"), work_dir)?);
        let (end, ended) = oneshot::channel();
        let server = axum::serve(listener, router(&pod)).with_graceful_shutdown(async {
            // A dropped studio serves on.
            if ended.await.is_err() {
                std::future::pending::<()>().await;
            }
        });
        let server = tokio::spawn(server.into_future());
        Ok(Self { pod, _temporary: temporary, end, server })
    }

    /// Where it is reached, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.pod.base_url
    }

    /// The tasks it knows of, in the order in which they came.
    #[must_use]
    pub fn tasks(&self) -> Vec<TaskView> {
        self.pod.ledger.views()
    }

    /// Resolves once `condition` holds for the tasks.
    pub async fn until(&self, condition: impl Fn(&[TaskView]) -> bool) {
        self.pod.ledger.until(condition).await;
    }

    /// Where a scene service is reached, without a slash at the end.
    #[must_use]
    pub fn scene_url(&self, service: Service) -> String {
        format!("{}{}", self.pod.base_url, service.path())
    }

    /// The scene services' tasks, in the order in which they came.
    #[must_use]
    pub fn scene_tasks(&self) -> Vec<SceneTaskView> {
        self.pod.scenes.views()
    }

    /// Resolves once `condition` holds for the scene services' tasks.
    pub async fn until_scenes(&self, condition: impl Fn(&[SceneTaskView]) -> bool) {
        self.pod.scenes.until(condition).await;
    }

    /// Whether every scene task has ended and none of their webhooks is under way, held back or
    /// waiting to be repeated.
    #[must_use]
    pub fn scenes_are_silent(&self) -> bool {
        self.pod.scenes.all(|task| task.is_settled)
    }

    /// Resolves once [`Studio::scenes_are_silent`].
    pub async fn until_scenes_are_silent(&self) {
        self.pod.scenes.until_so(|scenes| scenes.all(|task| task.is_settled)).await;
    }

    /// Ends every task, and every child process with it; then the server and its files.
    pub async fn stop(self) {
        self.pod.shut_down().await;
        let _ = self.end.send(());
        let _ = tokio::time::timeout(PATIENCE, self.server).await;
        // A request that came in the meantime may have begun something.
        self.pod.shut_down().await;
        // Finished scenes are offered to the end, and a download that was given up may hold on.
        if let Err(error) = delete_left_files(&self.pod.work_dir) {
            tracing::warn!(%error, "files of this studio are left in its work folder");
        }
    }
}

fn make_work_dir(asked: Option<PathBuf>) -> Result<(PathBuf, Option<TempDir>), StartError> {
    if let Some(path) = asked {
        std::fs::create_dir_all(&path).map_err(StartError::WorkDir)?;
        delete_left_files(&path).map_err(StartError::WorkDir)?;
        return Ok((path, None));
    }
    let temporary = TempDir::with_prefix("hookreel-studio-").map_err(StartError::WorkDir)?;
    Ok((temporary.path().to_owned(), Some(temporary)))
}

/// Deletes what a studio has left there that is no more: nobody can ask for it.
fn delete_left_files(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if is_ours(&entry.file_name().to_string_lossy()) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
