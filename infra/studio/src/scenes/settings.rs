//! What the scene services can be told before the studio starts.

use std::time::Duration;

use domain::Secret;

use super::Service;

/// How long to rest before each further try of a webhook that was not answered by 2xx.
const RETRY_WAITS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// The settings of one scene service.
#[derive(Debug, Clone, Default)]
pub struct ServiceSettings {
    /// The key that callers must present; without one the service refuses everyone.
    pub api_key: Option<Secret>,
    /// Signs its webhooks, until a registration brings another.
    pub webhook_secret: Option<Secret>,
}

/// The settings of the three scene services.
#[derive(Debug, Clone)]
pub struct SceneSettings {
    /// Of the one that makes videos.
    pub video: ServiceSettings,
    /// Of the one that extracts last frames.
    pub last_frame: ServiceSettings,
    /// Of the one that joins videos.
    pub stitch: ServiceSettings,
    /// How long to rest before each further try of a webhook that was not answered by 2xx.
    /// There are as many further tries as there are waits.
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
    /// Those of one service.
    #[must_use]
    pub const fn of(&self, service: Service) -> &ServiceSettings {
        match service {
            Service::Video => &self.video,
            Service::LastFrame => &self.last_frame,
            Service::Stitch => &self.stitch,
        }
    }
}
