//! What a function is built from: its settings, its AWS configuration and its clock.

use std::sync::Arc;

use aws_config::SdkConfig;
use futures::future::{BoxFuture, join};
use serde_json::Value;

use crate::aws::{Aws, AwsService};
use crate::environment::{Environment, StartError};
use crate::{Clock, telemetry};

/// Passed to a function when it is built.
#[derive(Debug, Clone)]
pub struct Context {
    /// Its environment variables.
    pub environment: Environment,
    /// The configuration of its AWS clients.
    pub aws: SdkConfig,
    /// Its clock.
    pub clock: Clock,
}

/// A function as Lambda sees it: a JSON event in, a JSON answer out.
pub type Invocable =
    Arc<dyn Fn(Value) -> BoxFuture<'static, Result<Value, lambda_runtime::Error>> + Send + Sync>;

impl Context {
    /// Builds a function in Lambda from the process's environment.
    pub(crate) async fn start<F>(
        services: &[AwsService],
        new: impl FnOnce(&Self) -> Result<F, StartError>,
    ) -> Result<F, StartError> {
        let environment = Environment::from_process();
        telemetry::start(&environment);
        Self::connected(environment, services, new).await
    }

    /// Builds a function while connections to `services` are opened for its first request.
    pub async fn connected<F>(
        environment: Environment,
        services: &[AwsService],
        new: impl FnOnce(&Self) -> Result<F, StartError>,
    ) -> Result<F, StartError> {
        let aws = Aws::new(&environment)?;
        let config = aws.config(&environment)?;
        let context = Self { environment, aws: config, clock: Clock::system() };
        // `join` polls in this order: the clients, which take as long to build as the handshakes
        // take, are built while the connections wait for AWS.
        join(aws.connect(services), async { new(&context) }).await.1
    }
}
