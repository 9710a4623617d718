//! The HTTP connector under the AWS SDK. The SDK's own reads the machine's certificates and
//! brings HTTP/2, which none of the services here speaks.

use std::fmt;

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use super::connection::Connect;
use super::failure::classified;

/// Sends the SDK's requests over connections that are kept.
#[derive(Clone)]
pub(super) struct Connector(Client<Connect, SdkBody>);

impl Connector {
    pub fn new() -> Result<Self, rustls::Error> {
        Ok(Self(Client::builder(TokioExecutor::new()).build(Connect::new()?)))
    }

    /// Gets `url` and passes the answer over: what stays is the connection.
    pub async fn visit(&self, url: String) {
        let Ok(request) = http::Request::get(&url).body(SdkBody::empty()) else { return };
        let visited = async {
            let response = self.0.request(request).await.map_err(|error| error.to_string())?;
            response.into_body().collect().await.map_err(|error| error.to_string())
        };
        if let Err(reason) = visited.await {
            tracing::warn!(url, reason, "not connected ahead; the first request will be");
        }
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.0.clone();
        HttpConnectorFuture::new(async move { send(&client, request).await })
    }
}

async fn send(
    client: &Client<Connect, SdkBody>,
    request: HttpRequest,
) -> Result<HttpResponse, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let response = client.request(request).await.map_err(classified)?;
    HttpResponse::try_from(response.map(SdkBody::from_body_1_x))
        .map_err(|error| ConnectorError::other(error.into(), None))
}
