//! The command line options of the scene services.

use domain::Secret;

use super::{SceneSettings, ServiceSettings};

/// Keys and secrets of the scene services. A service without a key refuses every request.
#[derive(Debug, clap::Args)]
pub(crate) struct SceneOptions {
    /// The key for `/scene-video`.
    #[arg(long, env = "VIDEO_GENERATION_API_KEY", hide_env_values = true)]
    video_api_key: Option<String>,
    /// The key for `/last-frame`.
    #[arg(long, env = "LAST_FRAME_API_KEY", hide_env_values = true)]
    last_frame_api_key: Option<String>,
    /// The key for `/stitch`.
    #[arg(long, env = "STITCH_API_KEY", hide_env_values = true)]
    stitch_api_key: Option<String>,
    /// Signs the webhooks of `/scene-video`.
    #[arg(long, env = "VIDEO_WEBHOOK_SECRET", hide_env_values = true)]
    video_webhook_secret: Option<String>,
    /// Signs the webhooks of `/last-frame`.
    #[arg(long, env = "LAST_FRAME_WEBHOOK_SECRET", hide_env_values = true)]
    last_frame_webhook_secret: Option<String>,
    /// Signs the webhooks of `/stitch`.
    #[arg(long, env = "STITCH_WEBHOOK_SECRET", hide_env_values = true)]
    stitch_webhook_secret: Option<String>,
}

impl From<SceneOptions> for SceneSettings {
    fn from(options: SceneOptions) -> Self {
        let secret = |text: Option<String>| text.filter(|text| !text.is_empty()).map(Secret::new);
        let service = |key, webhook| ServiceSettings {
            api_key: secret(key),
            webhook_secret: secret(webhook),
        };
        Self {
            video: service(options.video_api_key, options.video_webhook_secret),
            last_frame: service(options.last_frame_api_key, options.last_frame_webhook_secret),
            stitch: service(options.stitch_api_key, options.stitch_webhook_secret),
            ..Self::default()
        }
    }
}
