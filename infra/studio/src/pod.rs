//! What every part of a running studio shares.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::Settings;
use crate::ledger::Ledger;
use crate::post::{Poster, Signer};
use crate::scenes::{Fetcher, Registrations, SceneTask};
use crate::studio::StartError;
use crate::task::Task;

/// The studio's inside.
#[derive(Debug)]
pub(crate) struct Pod {
    pub settings: Settings,
    /// Where callers reach this studio, without a slash at the end.
    pub base_url: String,
    pub work_dir: PathBuf,
    pub ledger: Ledger<Task>,
    /// What the scene services have been asked for.
    pub scenes: Ledger<SceneTask>,
    /// Where the scene services' webhooks go, and how they are signed.
    pub registrations: Registrations,
    pub poster: Poster,
    pub fetcher: Fetcher,
    /// Signs the speech worker's webhooks.
    pub signer: Option<Signer>,
    /// One permit for each task that may be worked on at once.
    pub workers: Semaphore,
    runs: AtomicU64,
    activities: Mutex<JoinSet<()>>,
}

impl Pod {
    /// A studio that has nothing to do yet.
    pub fn new(
        settings: Settings,
        base_url: String,
        work_dir: PathBuf,
    ) -> Result<Self, StartError> {
        let secret = settings.webhook_secret.as_ref();
        Ok(Self {
            signer: secret.map(|secret| Signer::new(secret.expose().as_bytes())).transpose()?,
            registrations: Registrations::new(&settings.scenes)?,
            workers: Semaphore::new(settings.workers.max(1)),
            settings,
            base_url,
            work_dir,
            ledger: Ledger::default(),
            scenes: Ledger::default(),
            poster: Poster::new()?,
            fetcher: Fetcher::new()?,
            runs: AtomicU64::new(0),
            activities: Mutex::default(),
        })
    }

    /// The number of the run that has just been asked for, from 0.
    pub fn next_run(&self) -> u64 {
        self.runs.fetch_add(1, Ordering::Relaxed)
    }

    /// Lets `activity` go on beside, until it ends or the studio is stopped.
    pub fn spawn(&self, activity: impl Future<Output = ()> + Send + 'static) {
        let mut activities = self.activities.lock().unwrap_or_else(PoisonError::into_inner);
        while activities.try_join_next().is_some() {}
        activities.spawn(activity);
    }

    /// Ends everything that was spawned, child processes included.
    pub async fn shut_down(&self) {
        let mut running =
            std::mem::take(&mut *self.activities.lock().unwrap_or_else(PoisonError::into_inner));
        running.shutdown().await;
    }
}
