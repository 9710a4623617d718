//! What a studio can be told before it starts.

use std::path::PathBuf;
use std::time::Duration;

use domain::Secret;

use crate::{Engine, Faults, SceneSettings};

/// How long a pod waits for the confirmation of a download: seed 000's
/// `DOWNLOAD_CONFIRMATION_TIMEOUT`.
const CONFIRMATION_TIMEOUT: Duration = Duration::from_mins(1);

/// How long RunPod rests before it tries its own webhook again, by its documentation.
const RETRY_WAIT: Duration = Duration::from_secs(10);

/// The settings of a studio.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The port on 127.0.0.1; 0 takes any that is free.
    pub port: u16,
    /// The key that callers of `/v2/…` must present.
    pub api_key: Secret,
    /// Who speaks.
    pub engine: Engine,
    /// How many tasks are worked on at once, each by one program at a time. Those that wait for a confirmation do not count.
    pub workers: usize,
    /// What goes wrong.
    pub faults: Faults,
    /// How long a file is kept for its download to be confirmed.
    pub confirmation_timeout: Duration,
    /// How long to rest between two tries of RunPod's own webhook.
    pub retry_wait: Duration,
    /// Where files are made, by this studio alone; a temporary folder, if `None`. What an
    /// earlier studio has left there is deleted.
    pub work_dir: Option<PathBuf>,
    /// Signs the worker's webhook with `X-Webhook-Signature`, if set.
    pub webhook_secret: Option<Secret>,
    /// Where the worker's webhook goes when a run names no `webhook_url`.
    pub webhook_url: Option<String>,
    /// The three scene services.
    pub scenes: SceneSettings,
}

impl Settings {
    /// Settings as a faultless provider has them: espeak-ng, any free port, one worker a core.
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
        }
    }
}
