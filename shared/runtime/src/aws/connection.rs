//! Making one connection, TLS included, within a time limit.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use tokio::time::timeout;
use tower_service::Service;

/// How long resolving, connecting and the TLS handshake may take together: the SDK's own
/// default for connections is 3.1 s.
const LIMIT: Duration = Duration::from_secs(3);

/// Opens connections: by TLS, or plainly to an endpoint that says `http:`.
#[derive(Clone)]
pub(super) struct Connect(HttpsConnector<HttpConnector>);

type BoxError = Box<dyn Error + Send + Sync>;

impl Connect {
    pub fn new() -> Result<Self, rustls::Error> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let https = HttpsConnectorBuilder::new().with_tls_config(tls::client()?);
        Ok(Self(https.https_or_http().enable_http1().wrap_connector(tcp)))
    }
}

impl Service<Uri> for Connect {
    type Response = <HttpsConnector<HttpConnector> as Service<Uri>>::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let connected = self.0.call(to);
        Box::pin(async move { timeout(LIMIT, connected).await? })
    }
}
