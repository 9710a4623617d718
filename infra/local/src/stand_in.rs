//! The stand-in for the providers: started beside the cloud, with keys and secrets that both
//! share, and the functions pointed to it unless they were pointed elsewhere.

use std::collections::BTreeMap;

use domain::{JobKind, Secret};
use hookreel_studio::{
    ClippingSettings, Faults, ReplicateSettings, SceneSettings, Service, ServiceSettings, Settings,
    StartError, Studio,
};
use providers::{Provider, registry};
use signing::api_key;

/// Where the stand-in's files are.
const LOOPBACK: &str = "127.0.0.1";

/// The functions' settings and secrets, by the names of their variables.
pub(crate) type Environment = BTreeMap<String, String>;

/// Starts it, and adds to `environment` what the functions need to reach it.
pub(crate) async fn start(
    environment: &mut Environment,
    port: u16,
    faults: Faults,
) -> Result<Studio, StartError> {
    let speech = settings(JobKind::Tts);
    let webhook_secret = environment.get(speech.webhook_secret).map(Secret::new);
    let key = secret(environment, speech.key);
    let mut service = |service| {
        let settings = settings(kind(service));
        ServiceSettings {
            api_key: Some(secret(environment, settings.key)),
            webhook_secret: Some(secret(environment, settings.webhook_secret)),
        }
    };
    let scenes = SceneSettings {
        video: service(Service::Video),
        last_frame: service(Service::LastFrame),
        stitch: service(Service::Stitch),
        ..SceneSettings::default()
    };
    let models = settings(JobKind::Prediction);
    let replicate = ReplicateSettings {
        api_token: Some(secret(environment, models.key)),
        webhook_secret: environment.get(models.webhook_secret).map(Secret::new),
        ..ReplicateSettings::default()
    };
    let clips = settings(JobKind::Clipping);
    let clipping = ClippingSettings {
        api_key: Some(secret(environment, clips.key)),
        webhook_secret: Some(secret(environment, clips.webhook_secret)),
        ..ClippingSettings::default()
    };
    let settings_of_all = Settings {
        port,
        faults,
        webhook_secret,
        scenes,
        replicate,
        clipping,
        ..Settings::new(key)
    };
    let studio = Studio::start(settings_of_all).await?;
    let mut point = |name: &str, url: String| {
        environment.entry(name.to_owned()).or_insert(url);
    };
    point(speech.url, studio.url().to_owned());
    point(models.url, studio.url().to_owned());
    point(models.file_hosts, LOOPBACK.to_owned());
    point(clips.url, studio.clipping_url());
    point(clips.file_hosts, LOOPBACK.to_owned());
    for service in Service::ALL {
        point(settings(kind(service)).url, studio.scene_url(service));
    }
    Ok(studio)
}

/// What a scene service makes.
const fn kind(service: Service) -> JobKind {
    match service {
        Service::Video => JobKind::SceneVideo,
        Service::LastFrame => JobKind::LastFrame,
        Service::Stitch => JobKind::Stitch,
    }
}

/// The variables of the provider that does jobs of `kind`. Every kind has one.
fn settings(kind: JobKind) -> providers::Settings {
    registry::of(kind).map_or_else(|| unreachable!("{kind:?} has no provider"), Provider::settings)
}

/// The value of the variable `name`, made at random unless it is set: the studio's tasks end with
/// it, so nothing else needs it.
fn secret(environment: &mut Environment, name: &str) -> Secret {
    let made = || api_key::generate(runtime::random::bytes()).expose().to_owned();
    Secret::new(environment.entry(name.to_owned()).or_insert_with(made).as_str())
}
