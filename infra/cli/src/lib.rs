//! Commands for the operator of a deployment: API keys, redrive of dead-letter queues, polls of a
//! job, and the registration of webhooks with the scene services. They use the table and the queues
//! with the operator's own credentials.

mod error;
mod keys;
mod options;
mod queue;
mod webhooks;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, tls};
use runtime::Clock;

pub use error::CliError;
pub use options::Options;

use crate::options::{Command, Keys, Table};

/// The region when neither an option nor the AWS configuration names one.
const REGION: &str = "us-east-1";

/// Runs the command of `options`, and prints its result.
pub async fn run(options: Options) -> Result<(), CliError> {
    let region = options.region;
    match options.command {
        Command::Keys(Keys::Create { owner, scopes, table }) => {
            let store = store(&operator(region).await, table);
            keys::create(&store, owner, scopes, Clock::system().now()).await
        }
        Command::Keys(Keys::Revoke { sha256, table }) => {
            keys::revoke(&store(&operator(region).await, table), &sha256).await
        }
        Command::Redrive { queue } => queue::redrive(&operator(region).await, &queue).await,
        Command::Check { queue, job_id } => {
            queue::check(&operator(region).await, queue, job_id).await
        }
        Command::RegisterWebhooks(registration) => webhooks::register(&registration).await,
    }
}

fn store(aws: &SdkConfig, table: Table) -> store::Store {
    store::Store::new(aws, table.name)
}

/// The operator's own credentials, from where AWS's tools find them.
async fn operator(region: Option<String>) -> SdkConfig {
    let https = Builder::new().tls_provider(tls::Provider::Rustls(CryptoMode::Ring)).build_https();
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(https);
    if let Some(region) = region {
        loader = loader.region(Region::new(region));
    }
    let config = loader.load().await;
    if config.region().is_some() {
        return config;
    }
    config.into_builder().region(Region::new(REGION)).build()
}
