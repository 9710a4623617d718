//! The HTTP connector under the AWS SDK. The SDK's own reads the machine's certificates and
//! brings HTTP/2, which none of the services here speaks.

use std::fmt;

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use super::connection::Connect;
use super::failure::classified;

/// Sends the SDK's requests over connections that are kept.
#[derive(Clone)]
pub(super) struct Connector {
    client: Client<Connect, SdkBody>,
    connect: Connect,
}

impl Connector {
    pub fn new() -> Result<Self, rustls::Error> {
        let connect = Connect::new()?;
        let client = Client::builder(TokioExecutor::new()).build(connect.clone());
        Ok(Self { client, connect })
    }

    /// Connects to `url`, so that the first request there finds a connection that stands.
    pub async fn connect_ahead(&self, url: &str) {
        let connected = match url.parse() {
            Ok(uri) => self.connect.ahead(uri).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = connected {
            let reason = crate::http::chain(&*error);
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
        let client = self.client.clone();
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
