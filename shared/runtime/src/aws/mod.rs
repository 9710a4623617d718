//! A function's AWS clients, set up for a short cold start: credentials are not searched for, no
//! file is read, and connections are opened before the first request.

mod connection;
mod connector;
mod failure;

use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use aws_smithy_runtime_api::client::http::http_client_fn;
use futures::future::join_all;

use crate::{Environment, StartError};
use connector::Connector;

/// How long a start waits for pre-opened connections. Without them the first request opens its
/// own.
const PRECONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// An AWS service that a function's first request calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AwsService {
    /// The table.
    DynamoDb,
    /// The queues.
    Sqs,
}

/// The settings of a function's AWS clients, and the connections they share.
#[derive(Debug)]
pub(crate) struct Aws {
    connector: Connector,
    region: String,
    endpoint: Option<String>,
}

impl Aws {
    pub fn new(environment: &Environment) -> Result<Self, StartError> {
        Ok(Self {
            connector: Connector::new()
                .map_err(|error| StartError::client("the AWS client", &error))?,
            region: environment.get("AWS_REGION").unwrap_or("us-east-1").to_owned(),
            endpoint: environment.get("AWS_ENDPOINT_URL").map(str::to_owned),
        })
    }

    /// The SDK's settings. Lambda sets credentials in each instance's environment for as long as
    /// it lives; no other source is searched.
    pub fn config(&self, environment: &Environment) -> Result<SdkConfig, StartError> {
        let credentials = Credentials::new(
            environment.required("AWS_ACCESS_KEY_ID")?,
            environment.required("AWS_SECRET_ACCESS_KEY")?,
            environment.get("AWS_SESSION_TOKEN").map(str::to_owned),
            None,
            "environment",
        );
        let connector = SharedHttpConnector::new(self.connector.clone());
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .identity_cache(IdentityCache::no_cache())
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .sleep_impl(TokioSleep::new());
        config.set_endpoint_url(self.endpoint.clone());
        Ok(config.build())
    }

    /// Opens connections to `services` for the first request. A failure is only logged.
    pub async fn connect(&self, services: &[AwsService]) {
        let calls = services.iter().map(|service| async {
            self.connector.preconnect(&self.endpoint(*service)).await;
        });
        if tokio::time::timeout(PRECONNECT_TIMEOUT, join_all(calls)).await.is_err() {
            tracing::warn!("AWS pre-connect timed out");
        }
    }

    fn endpoint(&self, service: AwsService) -> String {
        let name = match service {
            AwsService::DynamoDb => "dynamodb",
            AwsService::Sqs => "sqs",
        };
        let regional = || format!("https://{name}.{}.amazonaws.com", self.region);
        self.endpoint.clone().unwrap_or_else(regional)
    }
}
