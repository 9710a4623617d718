//! Telling the scene services where their webhooks go, and how to sign them.

use std::time::Duration;

use clap::Args;
use domain::links::Links;
use domain::{InvalidField, Secret};
use outbound::ProviderClient;
use providers::scenes::Service;
use providers::scenes::request::{Routes, registration_body};

use crate::CliError;

/// How long a service may take to answer.
const ANSWER: Duration = Duration::from_secs(15);
/// Most characters of a service's answer that are shown.
const SHOWN: usize = 200;

/// Where our webhooks are, and the three services. The environment variables are those of the
/// functions.
#[derive(Debug, Args)]
pub(crate) struct Registration {
    /// The API's public address (parameter `ApiBaseUrl`).
    #[arg(long, env = "API_BASE_URL")]
    api_base_url: String,
    /// Only this service: scene-video, last-frame or stitch.
    #[arg(long, value_parser = service)]
    only: Option<Service>,
    /// Where the scene-video service is.
    #[arg(long, env = "VIDEO_GENERATION_SERVICE")]
    video_url: Option<String>,
    /// Its API key.
    #[arg(long, env = "VIDEO_GENERATION_API_KEY", hide_env_values = true)]
    video_key: Option<String>,
    /// The secret by which it is to sign.
    #[arg(long, env = "VIDEO_WEBHOOK_SECRET", hide_env_values = true)]
    video_secret: Option<String>,
    /// Where the last-frame service is.
    #[arg(long, env = "LAST_FRAME_SERVICE_URL")]
    last_frame_url: Option<String>,
    /// Its API key.
    #[arg(long, env = "LAST_FRAME_API_KEY", hide_env_values = true)]
    last_frame_key: Option<String>,
    /// The secret by which it is to sign.
    #[arg(long, env = "LAST_FRAME_WEBHOOK_SECRET", hide_env_values = true)]
    last_frame_secret: Option<String>,
    /// Where the stitch service is.
    #[arg(long, env = "STITCH_SERVICE_URL")]
    stitch_url: Option<String>,
    /// Its API key.
    #[arg(long, env = "STITCH_API_KEY", hide_env_values = true)]
    stitch_key: Option<String>,
    /// The secret by which it is to sign.
    #[arg(long, env = "STITCH_WEBHOOK_SECRET", hide_env_values = true)]
    stitch_secret: Option<String>,
}

fn service(text: &str) -> Result<Service, InvalidField> {
    text.parse()
}

impl Registration {
    /// Where `service` is, its key, and the secret by which it is to sign.
    fn of(&self, service: Service) -> Result<(&str, Secret, &str), CliError> {
        let (url, key, secret) = match service {
            Service::Video => (&self.video_url, &self.video_key, &self.video_secret),
            Service::LastFrame => {
                (&self.last_frame_url, &self.last_frame_key, &self.last_frame_secret)
            }
            Service::Stitch => (&self.stitch_url, &self.stitch_key, &self.stitch_secret),
        };
        match (url, key, secret) {
            (Some(url), Some(key), Some(secret)) => Ok((url, Secret::new(key), secret)),
            _ => Err(CliError::Unset(service)),
        }
    }
}

/// Tells each service, or the one that was named. All are told before a refusal counts.
pub(crate) async fn register(registration: &Registration) -> Result<(), CliError> {
    // http leads to this machine alone, for services that run on it.
    let client = ProviderClient::new(true)?;
    let wanted = |service: &Service| registration.only.is_none_or(|only| only == *service);
    let mut refused = 0;
    for service in Service::ALL.into_iter().filter(wanted) {
        let told = tell(&client, service, registration).await;
        match told {
            Ok(answer) => println!("{service}: {answer}"),
            Err(error) => {
                refused += 1;
                println!("{service}: {}", error.with_causes());
            }
        }
    }
    if refused > 0 { Err(CliError::NotRegistered(refused)) } else { Ok(()) }
}

/// Tells one service, and says what it answered.
async fn tell(
    client: &ProviderClient,
    service: Service,
    registration: &Registration,
) -> Result<String, CliError> {
    let (url, key, secret) = registration.of(service)?;
    let links = Links::new(&registration.api_base_url);
    let webhook = links.step_webhook(service.kind()).unwrap_or_default();
    let body = registration_body(service, &webhook, secret);
    let answer = client.post_json(&Routes::new(url).register_url(), &key, &body, ANSWER).await?;
    let text: String = String::from_utf8_lossy(&answer.body).chars().take(SHOWN).collect();
    if answer.status.is_success() {
        return Ok(format!("{} {text} for {webhook}", answer.status));
    }
    Err(CliError::Refused { status: answer.status, text })
}
