//! The settings of the clipping worker.

use std::time::Duration;

use domain::Secret;

use crate::Clock;

/// The wait before each retry of a final webhook: three, from a second, with exponential backoff.
const RETRY_WAITS: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];
/// The least time between two webhooks of progress.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(2);
/// How long the link to a file is valid.
const LINK_EXPIRY: Duration = Duration::from_hours(1);

/// How webhooks prove that they are the worker's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum WebhookAuth {
    /// `Authorization: Bearer` and the secret.
    #[default]
    Bearer,
    /// `X-Webhook-Signature: sha256=` and the hex HMAC-SHA256 of the body.
    Hmac,
}

/// The settings of the clipping worker.
#[derive(Debug, Clone)]
pub struct ClippingSettings {
    /// The API key; without one every request is refused.
    pub api_key: Option<Secret>,
    /// The secret of its webhooks; without one they prove nothing.
    pub webhook_secret: Option<Secret>,
    /// How webhooks use the secret.
    pub webhook_auth: WebhookAuth,
    /// The wait before each retry of a final webhook. There are as many retries as waits.
    pub retry_waits: Vec<Duration>,
    /// The least time between two webhooks of progress.
    pub progress_interval: Duration,
    /// How long the link to a file is valid.
    pub link_expiry: Duration,
    /// The source of the times in webhooks and links.
    pub clock: Clock,
}

impl Default for ClippingSettings {
    fn default() -> Self {
        Self {
            api_key: None,
            webhook_secret: None,
            webhook_auth: WebhookAuth::default(),
            retry_waits: RETRY_WAITS.to_vec(),
            progress_interval: PROGRESS_INTERVAL,
            link_expiry: LINK_EXPIRY,
            clock: Clock::default(),
        }
    }
}
