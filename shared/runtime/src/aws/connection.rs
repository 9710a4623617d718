//! Opening connections, TLS included, with a timeout: on demand or before the first request.

use std::error::Error;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use tokio::time::timeout;
use tower_service::Service;

/// Timeout for resolving, connecting and the TLS handshake together. The SDK's own default for
/// connections is 3.1 s.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Maximum age of a pre-opened connection at its first use. Lambda may start an instance long
/// before its first event, and AWS closes idle connections.
const MAX_IDLE: Duration = Duration::from_secs(5);

/// Opens connections: with TLS, or in plain text to an `http:` endpoint.
#[derive(Clone)]
pub(super) struct Connect {
    https: HttpsConnector<HttpConnector>,
    preopened: Arc<Mutex<Vec<Preopened>>>,
}

/// A connection opened before a request needs it.
struct Preopened {
    to: Uri,
    connection: Connection,
    opened_at: Instant,
}

type Connection = <HttpsConnector<HttpConnector> as Service<Uri>>::Response;
type BoxError = Box<dyn Error + Send + Sync>;
type Connecting = Pin<Box<dyn Future<Output = Result<Connection, BoxError>> + Send>>;

impl Connect {
    pub fn new() -> Result<Self, rustls::Error> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let https = HttpsConnectorBuilder::new().with_tls_config(tls::client()?);
        let https = https.https_or_http().enable_http1().wrap_connector(tcp);
        Ok(Self { https, preopened: Arc::default() })
    }

    /// Opens a connection to `to`, for the next request there.
    pub async fn preopen(&self, to: Uri) -> Result<(), BoxError> {
        let connection = self.open(to.clone()).await?;
        let preopened = Preopened { to, connection, opened_at: Instant::now() };
        self.preopened.lock().unwrap_or_else(PoisonError::into_inner).push(preopened);
        Ok(())
    }

    fn open(&self, to: Uri) -> Connecting {
        let connected = self.https.clone().call(to);
        Box::pin(async move { timeout(CONNECT_TIMEOUT, connected).await? })
    }

    /// Takes a pre-opened connection to the host of `to` out of the list.
    fn take_preopened(&self, to: &Uri) -> Option<Connection> {
        let mut preopened = self.preopened.lock().unwrap_or_else(PoisonError::into_inner);
        preopened.retain(|one| one.opened_at.elapsed() < MAX_IDLE);
        let position = preopened.iter().position(|one| {
            one.to.scheme() == to.scheme() && one.to.authority() == to.authority()
        })?;
        Some(preopened.swap_remove(position).connection)
    }
}

impl Service<Uri> for Connect {
    type Response = Connection;
    type Error = BoxError;
    type Future = Connecting;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.https.poll_ready(context)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        match self.take_preopened(&to) {
            Some(connection) => Box::pin(ready(Ok(connection))),
            None => self.open(to),
        }
    }
}
