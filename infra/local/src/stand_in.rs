//! The stand-in for the providers: started beside the cloud, with keys and secrets that both
//! know, and the functions pointed to it unless they were pointed elsewhere.

use std::collections::BTreeMap;

use domain::Secret;
use hookreel_studio::{SceneSettings, Service, ServiceSettings, Settings, StartError, Studio};
use signing::api_key;

/// Where the functions find RunPod, and with which key.
const RUNPOD_URL: &str = "RUNPOD_BASE_URL";
const RUNPOD_KEY: &str = "RUNPOD_API_KEY";

/// Where the functions find a scene service, with which key, and what signs its webhooks.
const fn names(service: Service) -> [&'static str; 3] {
    match service {
        Service::Video => {
            ["VIDEO_GENERATION_SERVICE", "VIDEO_GENERATION_API_KEY", "VIDEO_WEBHOOK_SECRET"]
        }
        Service::LastFrame => {
            ["LAST_FRAME_SERVICE_URL", "LAST_FRAME_API_KEY", "LAST_FRAME_WEBHOOK_SECRET"]
        }
        Service::Stitch => ["STITCH_SERVICE_URL", "STITCH_API_KEY", "STITCH_WEBHOOK_SECRET"],
    }
}

/// The functions' settings and secrets, by the names of their variables.
pub(crate) type Environment = BTreeMap<String, String>;

/// Starts it, and adds to `environment` what the functions need to find it.
pub(crate) async fn start(environment: &mut Environment) -> Result<Studio, StartError> {
    let webhook_secret = environment.get("RUNPOD_WEBHOOK_SECRET").map(Secret::new);
    let key = secret(environment, RUNPOD_KEY);
    let mut service = |service| {
        let [_, key, webhook_secret] = names(service);
        ServiceSettings {
            api_key: Some(secret(environment, key)),
            webhook_secret: Some(secret(environment, webhook_secret)),
        }
    };
    let scenes = SceneSettings {
        video: service(Service::Video),
        last_frame: service(Service::LastFrame),
        stitch: service(Service::Stitch),
        ..SceneSettings::default()
    };
    let studio = Studio::start(Settings { webhook_secret, scenes, ..Settings::new(key) }).await?;
    let mut point = |name: &str, url: String| {
        environment.entry(name.to_owned()).or_insert(url);
    };
    point(RUNPOD_URL, studio.url().to_owned());
    for service in Service::ALL {
        let [url, ..] = names(service);
        point(url, studio.scene_url(service));
    }
    Ok(studio)
}

/// What the variable `name` holds. It is made anew unless it is set: the studio's tasks end
/// with it, so nobody else needs to know it.
fn secret(environment: &mut Environment, name: &str) -> Secret {
    let made = || api_key::generate(runtime::random::bytes()).expose().to_owned();
    Secret::new(environment.entry(name.to_owned()).or_insert_with(made).as_str())
}
