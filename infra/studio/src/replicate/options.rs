//! The command line options of Replicate.

use std::time::Duration;

use domain::Secret;

use super::ReplicateSettings;

/// The account at Replicate. Without a token every request is refused.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_field_names, reason = "the options have the names of the fields")]
pub(crate) struct ReplicateOptions {
    /// The API token of Replicate, under `/v1`.
    #[arg(long, env = "REPLICATE_API_TOKEN", hide_env_values = true)]
    replicate_api_token: Option<String>,
    /// Signs the webhooks of Replicate; made at random by default.
    #[arg(long, env = "REPLICATE_WEBHOOK_SECRET", hide_env_values = true)]
    replicate_webhook_secret: Option<String>,
    /// The account's name at Replicate, which owns the destinations of trainings.
    #[arg(long, value_name = "NAME")]
    replicate_account: Option<String>,
    /// A model of Replicate, in place of the usual ones; may be repeated.
    #[arg(long = "replicate-model", value_name = "OWNER/NAME", value_parser = model)]
    replicate_models: Vec<String>,
    /// How long Replicate keeps data and files after the end of a task, in seconds; an hour by default.
    #[arg(long, value_name = "SECONDS")]
    replicate_retention: Option<u64>,
}

fn model(text: &str) -> Result<String, String> {
    match text.split_once('/') {
        Some((owner, name)) if !owner.is_empty() && !name.is_empty() => Ok(text.to_owned()),
        _ => Err("must be OWNER/NAME".to_owned()),
    }
}

impl From<ReplicateOptions> for ReplicateSettings {
    fn from(options: ReplicateOptions) -> Self {
        let defaults = Self::default();
        let secret = |text: Option<String>| text.filter(|text| !text.is_empty()).map(Secret::new);
        let models = Some(options.replicate_models).filter(|models| !models.is_empty());
        Self {
            api_token: secret(options.replicate_api_token),
            webhook_secret: secret(options.replicate_webhook_secret),
            account: options.replicate_account.unwrap_or(defaults.account),
            models: models.unwrap_or(defaults.models),
            retention: options.replicate_retention.map_or(defaults.retention, Duration::from_secs),
            ..defaults
        }
    }
}
