//! The settings of a studio.

use std::path::PathBuf;
use std::time::Duration;

use domain::Secret;

use crate::{ClippingSettings, Engine, Faults, ReplicateSettings, SceneSettings};

/// How long a speech worker waits for the confirmation of a download: its
/// `DOWNLOAD_CONFIRMATION_TIMEOUT`.
const CONFIRMATION_TIMEOUT: Duration = Duration::from_mins(1);

/// How long RunPod waits before it retries its own webhook, as it documents.
const RETRY_WAIT: Duration = Duration::from_secs(10);

/// The settings of a studio.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The port on 127.0.0.1; 0 chooses a free one.
    pub port: u16,
    /// The API key for `/v2/…`.
    pub api_key: Secret,
    /// The speech engine.
    pub engine: Engine,
    /// How many tasks are processed at once, each by one program at a time. Tasks that wait for a
    /// confirmation do not count.
    pub workers: usize,
    /// The faults to inject.
    pub faults: Faults,
    /// How long a file is kept for its download to be confirmed.
    pub confirmation_timeout: Duration,
    /// The wait between two attempts of RunPod's own webhook.
    pub retry_wait: Duration,
    /// The folder of the files, used by this studio alone; a temporary one if `None`. Files of an
    /// earlier studio in it are deleted.
    pub work_dir: Option<PathBuf>,
    /// Signs the worker callback with `X-Webhook-Signature`, if set.
    pub webhook_secret: Option<Secret>,
    /// The URL of the worker callback for runs without a `webhook_url`.
    pub webhook_url: Option<String>,
    /// The three scene services.
    pub scenes: SceneSettings,
    /// Replicate.
    pub replicate: ReplicateSettings,
    /// The clipping worker.
    pub clipping: ClippingSettings,
}

impl Settings {
    /// Settings without faults: espeak-ng, a free port, one worker per core.
    #[must_use]
    pub fn new(api_key: Secret) -> Self {
        Self {
            port: 0,
            api_key,
            engine: Engine::Espeak,
            workers: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            faults: Faults::default(),
            confirmation_timeout: CONFIRMATION_TIMEOUT,
            retry_wait: RETRY_WAIT,
            work_dir: None,
            webhook_secret: None,
            webhook_url: None,
            scenes: SceneSettings::default(),
            replicate: ReplicateSettings::default(),
            clipping: ClippingSettings::default(),
        }
    }
}
