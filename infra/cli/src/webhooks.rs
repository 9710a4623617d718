//! Registering our webhooks with the providers that take no URL with each task.

use std::collections::HashMap;

use clap::Args;
use domain::links::Links;
use outbound::ProviderClient;
use providers::{Account, Provider, registry};

use crate::CliError;

/// Most characters of a provider's answer that are shown.
const SHOWN: usize = 200;

/// Where our webhooks are. The URL, the key and the secret of each provider are read from the
/// environment variables that the functions have.
#[derive(Debug, Args)]
pub(crate) struct Registration {
    /// The API's public address (parameter `ApiBaseUrl`).
    #[arg(long, env = "API_BASE_URL")]
    api_base_url: String,
    /// Only this provider, such as scene-video.
    #[arg(long)]
    only: Option<String>,
}

/// Registers with each provider that is configured, or the one that was named. All are called
/// before a refusal counts.
pub(crate) async fn register(registration: &Registration) -> Result<(), CliError> {
    // http leads to this machine alone, for services that run on it.
    let client = ProviderClient::new(true)?;
    let only = registration.only.as_deref();
    let mut refused = 0;
    for provider in registry::PROVIDERS.iter().copied() {
        let name = provider.name();
        if only.is_some_and(|only| only != name) {
            continue;
        }
        match register_with(&client, provider, registration).await {
            Ok(Some(answer)) => println!("{name}: {answer}"),
            Ok(None) => println!("{name}: nothing to register"),
            Err(CliError::NotConfigured(variable)) if only.is_none() => {
                println!("{name}: not configured, {variable} is not set");
            }
            Err(error) => {
                refused += 1;
                println!("{name}: {}", error.with_causes());
            }
        }
    }
    if refused > 0 { Err(CliError::NotRegistered(refused)) } else { Ok(()) }
}

/// Registers with one provider, and says what it answered; `None` if it takes no registration.
async fn register_with(
    client: &ProviderClient,
    provider: &'static dyn Provider,
    registration: &Registration,
) -> Result<Option<String>, CliError> {
    let environment: HashMap<String, String> = std::env::vars().collect();
    let value = |name: &'static str| {
        environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
    };
    let settings = provider.settings();
    let account = Account::read(provider, value)?.ok_or(CliError::NotConfigured(settings.url))?;
    let webhook = Links::new(&registration.api_base_url).route(provider.webhook_path());
    let secret = value(settings.webhook_secret).unwrap_or_default();
    let Some(call) = provider.registration(&account, &webhook, secret) else { return Ok(None) };
    if secret.is_empty() {
        return Err(CliError::NotConfigured(settings.webhook_secret));
    }
    let answer = client.call(call).await?;
    let text: String = String::from_utf8_lossy(&answer.body).chars().take(SHOWN).collect();
    if answer.status.is_success() {
        return Ok(Some(format!("{} {text} for {webhook}", answer.status)));
    }
    Err(CliError::Refused { status: answer.status, text })
}
