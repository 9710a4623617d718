//! The HTTP endpoint: for presigned URLs, the `aws` command line and boto3.
//!
//! Every request must be signed with the one pair of keys: every user of the machine and every page
//! in its browsers reaches the port. The host must not be a name that such a page could have made
//! lead here.

use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use s3s::Body;
use tokio::net::{TcpListener, TcpStream};

use super::Aws;

/// How long requests under way may take to end at shutdown.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(3);
/// Pause after a connection could not be accepted, for example for lack of file handles.
const ACCEPT_RETRY: Duration = Duration::from_millis(20);
/// After how many consecutive failures the server ends.
const MAX_ACCEPT_FAILURES: u32 = 50;

impl Aws {
    /// Serves connections until `shutdown`, then gives the requests under way 3 s to end. Fails if
    /// no connection can be accepted for a second.
    pub async fn serve(
        self: Arc<Self>,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send,
    ) -> std::io::Result<()> {
        let caller: Arc<str> = "http".into();
        let connections = GracefulShutdown::new();
        let mut failures = 0;
        tokio::pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = &mut shutdown => break,
            };
            match accepted {
                Ok((stream, _)) => {
                    failures = 0;
                    self.serve_connection(stream, &caller, &connections);
                }
                Err(error) if failures == MAX_ACCEPT_FAILURES => return Err(error),
                Err(_) => {
                    failures += 1;
                    tokio::time::sleep(ACCEPT_RETRY).await;
                }
            }
        }
        // A long poll must not delay the shutdown.
        let _ = tokio::time::timeout(SHUTDOWN_TIMEOUT, connections.shutdown()).await;
        Ok(())
    }

    fn serve_connection(
        self: &Arc<Self>,
        stream: TcpStream,
        caller: &Arc<str>,
        connections: &GracefulShutdown,
    ) {
        // Answers are written in one piece; Nagle's algorithm would only delay them.
        let _ = stream.set_nodelay(true);
        let (aws, caller) = (Arc::clone(self), Arc::clone(caller));
        let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let (aws, caller) = (Arc::clone(&aws), Arc::clone(&caller));
            async move { aws.answer_http(&caller, request.map(Body::from)).await }
        });
        let mut builder = http1::Builder::new();
        let connection =
            builder.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            // A broken connection concerns its client only.
            if let Err(error) = connection.await {
                tracing::debug!(error = &error as &dyn std::error::Error, "connection failed");
            }
        });
    }
}
