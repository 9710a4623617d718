//! `provider-webhook` with the SDK's defaults: configuration is searched for, and the connection is
//! warmed by a first call, the only way that the SDK offers.

use std::error::Error;

use aws_config::BehaviorVersion;
use lambda_runtime::{LambdaEvent, service_fn};
use runtime::{Clock, Context, Environment};
use serde_json::Value;
use provider_webhook::ProviderWebhook;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let aws = aws_config::load_defaults(BehaviorVersion::latest()).await;
    aws_sdk_dynamodb::Client::new(&aws).describe_endpoints().send().await.map_err(Box::<dyn Error + Send + Sync>::from)?;
    let environment = Environment::from_process();
    let context = Context { environment, aws, clock: Clock::system() };
    let handle = runtime::http::invocable::<ProviderWebhook>(&context)?;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| handle(event.payload).await)).await
}
