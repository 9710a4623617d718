//! Making one connection, TLS included, within a time limit; or ahead of the request for it.

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

/// How long resolving, connecting and the TLS handshake may take together: the SDK's own
/// default for connections is 3.1 s.
const LIMIT: Duration = Duration::from_secs(3);

/// How old a connection may be that is used for the first time. An instance that Lambda started
/// before there was work for it may find that AWS has hung up meanwhile.
const FRESH: Duration = Duration::from_secs(5);

/// Opens connections: by TLS, or plainly to an endpoint that says `http:`.
#[derive(Clone)]
pub(super) struct Connect {
    https: HttpsConnector<HttpConnector>,
    ahead: Arc<Mutex<Vec<Ahead>>>,
}

/// A connection that nobody has asked for yet.
struct Ahead {
    to: Uri,
    connection: Connection,
    since: Instant,
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
        Ok(Self { https, ahead: Arc::default() })
    }

    /// Connects to where `to` leads, for whoever asks for that next.
    pub async fn ahead(&self, to: Uri) -> Result<(), BoxError> {
        let connection = self.open(to.clone()).await?;
        let ahead = Ahead { to, connection, since: Instant::now() };
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner).push(ahead);
        Ok(())
    }

    fn open(&self, to: Uri) -> Connecting {
        let connected = self.https.clone().call(to);
        Box::pin(async move { timeout(LIMIT, connected).await? })
    }

    /// The connection that stands to where `to` leads. Whoever takes it has it alone.
    fn standing(&self, to: &Uri) -> Option<Connection> {
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        ahead.retain(|one| one.since.elapsed() < FRESH);
        let leads_there =
            |one: &Ahead| one.to.scheme() == to.scheme() && one.to.authority() == to.authority();
        let position = ahead.iter().position(leads_there)?;
        Some(ahead.swap_remove(position).connection)
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
        match self.standing(&to) {
            Some(connection) => Box::pin(ready(Ok(connection))),
            None => self.open(to),
        }
    }
}
