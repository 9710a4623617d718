//! A file server with redirects and errors.

use std::net::Ipv4Addr;

use axum::Router;
use axum::http::StatusCode;
use axum::response::Redirect;
use axum::routing::get;
use tokio::net::TcpListener;

/// Starts the server; returns its URL. `/moved` redirects to `target`, `/loop` to itself, `/away`
/// to another machine; `/text` is not a video.
pub async fn start(target: String) -> String {
    let router = Router::new()
        .route("/moved", get(|| async move { Redirect::temporary(&target) }))
        .route("/loop", get(|| async { Redirect::temporary("/loop") }))
        .route("/away", get(|| async { Redirect::temporary("http://192.0.2.1/video.mp4") }))
        .route("/text", get(|| async { "no video" }))
        .route("/broken", get(|| async { StatusCode::SERVICE_UNAVAILABLE }));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, router).into_future());
    url
}
