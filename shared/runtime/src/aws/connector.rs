//! The HTTP connector under the AWS SDK. The SDK's own connector reads the machine's certificate
//! files and includes HTTP/2, which none of the services used here speaks.

use std::fmt;

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use super::connection::Connect;
use super::failure::classified;

/// Sends the SDK's requests over pooled connections.
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

    /// Opens a connection to `url`, so that the first request there needs no handshake.
    pub async fn preconnect(&self, url: &str) {
        let connected = match url.parse() {
            Ok(uri) => self.connect.preopen(uri).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = connected {
            tracing::warn!(url, cause = crate::http::chain(&*error), "AWS pre-connect failed");
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
