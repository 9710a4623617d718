//! The state that all handlers and workers share.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::Settings;
use crate::clipping::Clipping;
use crate::post::{Poster, Signer};
use crate::replicate::Replicate;
use crate::scenes::{Fetcher, Registrations, SceneTask};
use crate::studio::StartError;
use crate::task::Task;
use crate::task_store::TaskStore;

/// The state of a running studio.
#[derive(Debug)]
pub(crate) struct StudioState {
    pub settings: Settings,
    /// The studio's URL, without a trailing slash.
    pub base_url: String,
    pub work_dir: PathBuf,
    pub tasks: TaskStore<Task>,
    /// The tasks of the scene services.
    pub scenes: TaskStore<SceneTask>,
    /// Where the scene services' webhooks go, and how they are signed.
    pub registrations: Registrations,
    pub replicate: Replicate,
    pub clipping: Clipping,
    pub poster: Poster,
    pub fetcher: Fetcher,
    /// Signs the worker callback.
    pub signer: Option<Signer>,
    /// One permit for each task that may be processed at once.
    pub workers: Semaphore,
    runs: AtomicU64,
    activities: Mutex<JoinSet<()>>,
}

impl StudioState {
    /// A studio without tasks.
    pub fn new(
        settings: Settings,
        base_url: String,
        work_dir: PathBuf,
    ) -> Result<Self, StartError> {
        let secret = settings.webhook_secret.as_ref();
        Ok(Self {
            signer: secret.map(|secret| Signer::new(secret.expose().as_bytes())).transpose()?,
            registrations: Registrations::new(&settings.scenes)?,
            replicate: Replicate::new(&settings.replicate)?,
            clipping: Clipping::new(&settings.clipping)?,
            workers: Semaphore::new(settings.workers.max(1)),
            settings,
            base_url,
            work_dir,
            tasks: TaskStore::default(),
            scenes: TaskStore::default(),
            poster: Poster::new()?,
            fetcher: Fetcher::new()?,
            runs: AtomicU64::new(0),
            activities: Mutex::default(),
        })
    }

    /// The number of a new run, from 0.
    pub fn next_run(&self) -> u64 {
        self.runs.fetch_add(1, Ordering::Relaxed)
    }

    /// Runs `activity` in the background until it ends or the studio stops.
    pub fn spawn(&self, activity: impl Future<Output = ()> + Send + 'static) {
        let mut activities = self.activities.lock().unwrap_or_else(PoisonError::into_inner);
        while activities.try_join_next().is_some() {}
        activities.spawn(activity);
    }

    /// Aborts everything that was spawned, and kills its child processes.
    pub async fn shut_down(&self) {
        let mut running =
            std::mem::take(&mut *self.activities.lock().unwrap_or_else(PoisonError::into_inner));
        running.shutdown().await;
    }
}
