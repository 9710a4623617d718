//! What a function is built from: its settings, its way to AWS and its clock.

use std::sync::Arc;

use aws_config::SdkConfig;
use futures::future::{BoxFuture, join};
use serde_json::Value;

use crate::aws::{Aws, AwsService};
use crate::environment::{Environment, StartError};
use crate::{Clock, telemetry};

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
    /// Builds a function in Lambda from the environment that Lambda gives it.
    pub(crate) async fn start<F>(
        services: &[AwsService],
        new: impl FnOnce(&Self) -> Result<F, StartError>,
    ) -> Result<F, StartError> {
        let environment = Environment::from_process();
        telemetry::start(&environment);
        Self::connected(environment, services, new).await
    }

    /// Builds a function, and meanwhile connects to the `services` that its first request will
    /// call.
    pub async fn connected<F>(
        environment: Environment,
        services: &[AwsService],
        new: impl FnOnce(&Self) -> Result<F, StartError>,
    ) -> Result<F, StartError> {
        let aws = Aws::new(&environment)?;
        let config = aws.config(&environment)?;
        let context = Self { environment, aws: config, clock: Clock::system() };
        // Polled in this order: the connections begin, and while they wait for AWS the clients,
        // which take as long to build, are built.
        join(aws.connect(services), async { new(&context) }).await.1
    }
}
