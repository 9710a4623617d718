//! The in-process endpoint for the AWS SDK: an HTTP connector that answers requests without a
//! socket.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use http::HeaderValue;
use http::header::HOST;
use s3s::Body;

use super::Aws;
use super::identity::REGION;
use crate::lineage::{HEADER, Lineage};
use crate::meter::measured;

/// First backoff of a retry. Nothing here needs time to recover, so it is far shorter than the
/// SDK's one second.
const BACKOFF: Duration = Duration::from_millis(5);

impl Aws {
    /// The configuration of SDK clients that call this instead of AWS. `caller` names them where
    /// calls are counted and faults injected.
    pub fn sdk_config(self: &Arc<Self>, caller: &str) -> SdkConfig {
        let connector =
            SharedHttpConnector::new(InProcess { aws: Arc::clone(self), caller: caller.into() });
        let credentials =
            Credentials::from_keys(&self.keys.access_key, self.keys.secret_key.expose(), None);
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static(REGION))
            .endpoint_url(&self.endpoint)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .identity_cache(IdentityCache::no_cache())
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .sleep_impl(TokioSleep::new())
            .retry_config(RetryConfig::standard().with_initial_backoff(BACKOFF))
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build()
    }
}

/// Passes requests to the services.
struct InProcess {
    aws: Arc<Aws>,
    caller: Arc<str>,
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcess").field("caller", &self.caller).finish_non_exhaustive()
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (aws, caller) = (Arc::clone(&self.aws), Arc::clone(&self.caller));
        let lineage = Lineage::current();
        HttpConnectorFuture::new(async move {
            let json = request.headers().get("x-amz-target").map(str::to_owned);
            let is_connection = || request.uri().contains("/@connections/");
            let part = json
                .unwrap_or_else(|| if is_connection() { "execute-api" } else { "S3" }.to_owned());
            measured(part, answer(&aws, &caller, lineage, request)).await
        })
    }
}

async fn answer(
    aws: &Aws,
    caller: &Arc<str>,
    lineage: Option<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let mut request = request.map(Body::http_body_unsync);
    // The signature covers this header, which the connection would have added.
    let host = request.uri().authority().map(|authority| HeaderValue::from_str(authority.as_str()));
    if let Some(Ok(host)) = host {
        request.headers_mut().insert(HOST, host);
    }
    // On AWS the SDK takes it from the environment of the invocation.
    if let Some(Ok(lineage)) = lineage.map(HeaderValue::try_from) {
        request.headers_mut().entry(HEADER).or_insert(lineage);
    }
    let response =
        aws.answer(caller, request).await.map_err(|failure| ConnectorError::io(failure.into()))?;
    HttpResponse::try_from(response.map(SdkBody::from_body_1_x))
        .map_err(|error| ConnectorError::other(error.into(), None))
}
