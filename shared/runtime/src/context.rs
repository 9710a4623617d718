//! What a function is built from: its settings, its way to AWS and its clock.

use std::sync::Arc;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use futures::future::BoxFuture;
use serde_json::Value;

use crate::environment::Environment;
use crate::{Clock, aws_client};

/// Given to a function when it is built.
#[derive(Debug, Clone)]
pub struct Context {
    /// Its environment variables.
    pub environment: Environment,
    /// What its AWS clients are made of.
    pub aws: SdkConfig,
    /// Its clock.
    pub clock: Clock,
}

/// A function as Lambda sees it: a JSON event in, a JSON answer out.
pub type Invocable =
    Arc<dyn Fn(Value) -> BoxFuture<'static, Result<Value, lambda_runtime::Error>> + Send + Sync>;

impl Context {
    /// The context of a function in Lambda. Credentials and region are those that Lambda puts
    /// into the environment; nothing else is searched, which keeps the start short.
    pub async fn in_lambda() -> Self {
        let environment = Environment::from_process();
        let region = environment.get("AWS_REGION").unwrap_or("us-east-1").to_owned();
        let aws = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(region))
            .credentials_provider(
                aws_config::environment::EnvironmentVariableCredentialsProvider::new(),
            )
            .http_client(aws_client::https())
            .load()
            .await;
        Self { environment, aws, clock: Clock::system() }
    }
}
