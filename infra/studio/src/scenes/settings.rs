//! The settings of the scene services.

use std::time::Duration;

use domain::Secret;

use super::Service;

/// The wait before each retry of a webhook that had no 2xx answer.
const RETRY_WAITS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// The settings of one scene service.
#[derive(Debug, Clone, Default)]
pub struct ServiceSettings {
    /// The API key; without one the service refuses every request.
    pub api_key: Option<Secret>,
    /// Signs its webhooks, until a registration replaces it.
    pub webhook_secret: Option<Secret>,
}

/// The settings of the three scene services.
#[derive(Debug, Clone)]
pub struct SceneSettings {
    /// Of the scene-video service.
    pub video: ServiceSettings,
    /// Of the last-frame service.
    pub last_frame: ServiceSettings,
    /// Of the stitch service.
    pub stitch: ServiceSettings,
    /// The wait before each retry of a webhook that had no 2xx answer. There are as many retries as
    /// waits.
    pub retry_waits: Vec<Duration>,
}

impl Default for SceneSettings {
    fn default() -> Self {
        Self {
            video: ServiceSettings::default(),
            last_frame: ServiceSettings::default(),
            stitch: ServiceSettings::default(),
            retry_waits: RETRY_WAITS.to_vec(),
        }
    }
}

impl SceneSettings {
    /// The settings of one service.
    #[must_use]
    pub const fn of(&self, service: Service) -> &ServiceSettings {
        match service {
            Service::Video => &self.video,
            Service::LastFrame => &self.last_frame,
            Service::Stitch => &self.stitch,
        }
    }
}
