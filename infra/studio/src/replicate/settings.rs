//! The settings of Replicate.

use std::time::Duration;

use domain::Secret;

use crate::Clock;

/// The wait before each retry of the final webhook: the last is sent about a minute after the end.
const RETRY_WAITS: [Duration; 6] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(16),
    Duration::from_secs(29),
];

/// How long inputs, outputs, logs and files are kept after the end of a task.
const RETENTION: Duration = Duration::from_hours(1);

/// Public models, the first for pictures, the second to train.
const MODELS: [&str; 2] = ["black-forest-labs/flux-schnell", "ostris/flux-dev-lora-trainer"];
/// The caller's own model, which trainings may have as their destination.
const OWN_MODEL: &str = "acme/portraits";
const ACCOUNT: &str = "acme";

/// The settings of Replicate.
#[derive(Debug, Clone)]
pub struct ReplicateSettings {
    /// The API token; without one every request is refused.
    pub api_token: Option<Secret>,
    /// Signs webhooks: `whsec_` and base64 of 24 to 64 bytes. Made at random if `None`.
    pub webhook_secret: Option<Secret>,
    /// The name of the account.
    pub account: String,
    /// The models that exist at the start, as `owner/name`. Those of the account need a version or a
    /// deployment and can be the destination of a training; the others are official models.
    pub models: Vec<String>,
    /// How long inputs, outputs, logs and files are kept after the end of a task.
    pub retention: Duration,
    /// The wait before each retry of the final webhook. There are as many retries as waits.
    pub retry_waits: Vec<Duration>,
    /// The source of the times in bodies and signatures.
    pub clock: Clock,
}

impl Default for ReplicateSettings {
    fn default() -> Self {
        Self {
            api_token: None,
            webhook_secret: None,
            account: ACCOUNT.to_owned(),
            models: MODELS.into_iter().chain([OWN_MODEL]).map(str::to_owned).collect(),
            retention: RETENTION,
            retry_waits: RETRY_WAITS.to_vec(),
            clock: Clock::default(),
        }
    }
}
