//! The request by which an HTTP connection becomes a WebSocket (RFC 6455, section 4.2).

use axum::body::Body;
use axum::http::header::{
    CONNECTION, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;
use hyper::upgrade::OnUpgrade;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// Whether a client wants to speak WebSocket.
pub fn is_upgrade(parts: &Parts) -> bool {
    lists(parts, UPGRADE, "websocket")
}

/// The connection that `parts` asks for, and the answer that begins it; `None` if this is no such
/// request.
pub(super) fn accept(parts: &mut Parts) -> Option<(OnUpgrade, Response)> {
    let asks = parts.method == Method::GET
        && is_upgrade(parts)
        && lists(parts, CONNECTION, "upgrade")
        && lists(parts, SEC_WEBSOCKET_VERSION, "13");
    let key = parts.headers.get(SEC_WEBSOCKET_KEY).filter(|_| asks)?;
    let accept = HeaderValue::try_from(derive_accept_key(key.as_bytes())).ok()?;
    let upgrade = parts.extensions.remove::<OnUpgrade>()?;
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = answer.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    Some((upgrade, answer))
}

/// Whether the header `name` lists `token`.
fn lists(parts: &Parts, name: HeaderName, token: &str) -> bool {
    let lines = parts.headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|one| one.trim().eq_ignore_ascii_case(token))
}
