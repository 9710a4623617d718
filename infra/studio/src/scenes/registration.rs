//! The registered receiver and secret of each service's webhooks.

use std::sync::{Mutex, PoisonError};

use hmac::digest::InvalidLength;
use url::Url;

use super::{SceneSettings, Service};
use crate::post::Signer;

/// The registration of one service.
#[derive(Debug, Clone, Default)]
pub(crate) struct Registration {
    /// The URL for webhooks of tasks without a URL of their own.
    pub url: Option<Url>,
    /// The events to send there.
    pub events: Vec<String>,
    /// Signs every webhook of the service.
    pub signer: Option<Signer>,
}

/// The registrations of all three services.
#[derive(Debug)]
pub(crate) struct Registrations(Mutex<[Registration; 3]>);

impl Registrations {
    /// Without receivers, and with the secrets of the settings.
    pub fn new(settings: &SceneSettings) -> Result<Self, InvalidLength> {
        let mut all: [Registration; 3] = Default::default();
        for service in Service::ALL {
            let secret = settings.of(service).webhook_secret.as_ref();
            let signer = secret.map(|secret| Signer::plain(secret.expose().as_bytes()));
            all[service as usize].signer = signer.transpose()?;
        }
        Ok(Self(Mutex::new(all)))
    }

    /// The registration of `service`.
    pub fn of(&self, service: Service) -> Registration {
        self.change(service, |registration| registration.clone())
    }

    /// Registers a receiver; `signer` replaces the one before, if given.
    pub fn register(
        &self,
        service: Service,
        url: Url,
        events: Vec<String>,
        signer: Option<Signer>,
    ) {
        self.change(service, |registration| {
            registration.url = Some(url);
            registration.events = events;
            registration.signer = signer.or(registration.signer.take());
        });
    }

    fn change<R>(&self, service: Service, change: impl FnOnce(&mut Registration) -> R) -> R {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut all[service as usize])
    }
}
