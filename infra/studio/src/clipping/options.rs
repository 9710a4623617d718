//! The command line options of the clipping worker.

use std::time::Duration;

use domain::Secret;

use super::{ClippingSettings, WebhookAuth};

/// The clipping worker. Without a key it refuses every request.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_field_names, reason = "the options have the names of the fields")]
pub(crate) struct ClippingOptions {
    /// The key for `/clipping`.
    #[arg(long, env = "CLIPPING_WORKER_API_KEY", hide_env_values = true)]
    clipping_api_key: Option<String>,
    /// The secret of the clipping worker's webhooks.
    #[arg(long, env = "WEBHOOK_SECRET", hide_env_values = true)]
    clipping_webhook_secret: Option<String>,
    /// How the clipping worker's webhooks use the secret.
    #[arg(long, value_enum, default_value_t = WebhookAuth::Bearer)]
    clipping_webhook_auth: WebhookAuth,
    /// How long the link to a clip is valid, in seconds; an hour by default.
    #[arg(long, value_name = "SECONDS")]
    clipping_link_expiry: Option<u64>,
}

impl From<ClippingOptions> for ClippingSettings {
    fn from(options: ClippingOptions) -> Self {
        let defaults = Self::default();
        let secret = |text: Option<String>| text.filter(|text| !text.is_empty()).map(Secret::new);
        let link_expiry = options.clipping_link_expiry.map(Duration::from_secs);
        Self {
            api_key: secret(options.clipping_api_key),
            webhook_secret: secret(options.clipping_webhook_secret),
            webhook_auth: options.clipping_webhook_auth,
            link_expiry: link_expiry.unwrap_or(defaults.link_expiry),
            ..defaults
        }
    }
}
