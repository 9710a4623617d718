//! Misbehaving receivers.

use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, LOCATION, RETRY_AFTER};
use axum::routing::post;
use bytes::Bytes;
use futures::stream::{self, StreamExt as _};
use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::error::BenchError;

/// The misbehaviours, each at a path of its own.
const PATHS: [&str; 8] = ["hang", "error", "busy", "moved", "gone", "slow", "broken", "endless"];
/// Nothing on this machine listens on port 9.
const DEAD: &str = "http://127.0.0.1:9/";

/// Starts them; returns their URLs.
pub(crate) async fn start() -> Result<Vec<String>, BenchError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let base = format!("http://{}", listener.local_addr()?);
    let router = Router::new()
        .route("/hang", post(std::future::pending::<StatusCode>))
        .route("/error", post(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
        .route("/busy", post(|| async { (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "2")]) }))
        .route("/moved", post(|| async { (StatusCode::MOVED_PERMANENTLY, [(LOCATION, "/hang")]) }))
        .route("/gone", post(|| async { StatusCode::GONE }))
        .route("/slow", post(|| async { slow() }))
        .route("/broken", post(|| async { ([(CONTENT_LENGTH, "1000")], broken()) }))
        .route("/endless", post(|| async { endless() }));
    tokio::spawn(async { axum::serve(listener, router).await });
    let served = PATHS.iter().map(|path| format!("{base}/{path}"));
    Ok(served.chain([DEAD.to_owned()]).collect())
}

/// Starts `count` receivers that hang; returns their URLs.
pub(crate) async fn hanging(count: usize) -> Result<Vec<String>, BenchError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let base = format!("http://{}", listener.local_addr()?);
    let router = Router::new().fallback(std::future::pending::<StatusCode>);
    tokio::spawn(async { axum::serve(listener, router).await });
    Ok((0..count).map(|nth| format!("{base}/{nth}")).collect())
}

/// Sends a byte a second.
fn slow() -> Body {
    Body::from_stream(stream::repeat(()).then(|()| async {
        sleep(Duration::from_secs(1)).await;
        Ok::<_, Infallible>(Bytes::from_static(b"."))
    }))
}

/// Sends less than announced.
fn broken() -> Body {
    let pieces = [Ok(Bytes::from_static(b"half of an ans")), Err(io::Error::other("broken off"))];
    Body::from_stream(stream::iter(pieces))
}

/// Sends ten megabytes.
fn endless() -> Body {
    let piece = Bytes::from_static(&[b'x'; 10_000]);
    Body::from_stream(stream::repeat(piece).take(1000).map(Ok::<_, Infallible>))
}
