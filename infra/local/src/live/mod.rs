//! The WebSocket API: serves connections as API Gateway does, through the functions of the template.
//!
//! The function of `$connect` decides whether a client is connected, each message invokes the function
//! of its route, and `$disconnect` follows the end, as best it can. Functions send to a connection
//! by `@connections`, which is a service of the embedded AWS (`aws::execute_api`); `connections` has
//! what both sides know of one. Connections end with the process: those of an earlier one are gone.
//!
//! As there, no `Origin` is checked: a connection is worth what its ticket or key is.

mod connections;
mod event;
mod handshake;
mod messages;
mod rate;
mod socket;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::Response;
use hyper_util::rt::TokioIo;
use runtime::Clock;
use serde_json::{Value, json};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_util::sync::CancellationToken;

pub use connections::{Connections, Peer, PostError};
pub use handshake::is_upgrade;

use crate::activity::Activity;
use crate::functions::Functions;
use crate::lock::lock;
use crate::template::{WebSocketApi, WebSocketRoute};
use connections::{Opened, Outgoing};
use rate::Rate;
use socket::End;

/// How long API Gateway waits for a function.
const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(29);

/// The WebSocket API of the template.
#[derive(Debug)]
pub struct Live {
    api: WebSocketApi,
    functions: Arc<Functions>,
    connections: Arc<Connections>,
    activity: Arc<Activity>,
    clock: Clock,
    /// Ends every connection.
    stopped: CancellationToken,
    rate: Mutex<Rate>,
}

impl Live {
    /// Serves `api`, whose connections are then among `connections`, until `stopped`.
    pub fn new(
        api: WebSocketApi,
        functions: Arc<Functions>,
        connections: Arc<Connections>,
        (activity, clock): (Arc<Activity>, Clock),
        stopped: CancellationToken,
    ) -> Arc<Self> {
        let rate = Mutex::default();
        Arc::new(Self { api, functions, connections, activity, clock, stopped, rate })
    }

    /// Whether the API has this path.
    pub fn is_at(&self, path: &str) -> bool {
        path.strip_prefix('/') == Some(&self.api.stage)
    }

    /// Answers a request to become a connection.
    pub async fn connect(
        self: &Arc<Self>,
        mut parts: Parts,
        source: SocketAddr,
        request_id: &str,
    ) -> Response {
        let accepted = handshake::accept(&mut parts);
        let refused = |status| refusal(status, None, request_id);
        let Some((upgrade, mut answer)) = accepted else { return refused(StatusCode::BAD_REQUEST) };
        if self.stopped.is_cancelled() {
            return refused(StatusCode::SERVICE_UNAVAILABLE);
        }
        let now = self.clock.now();
        if !lock(&self.rate).admits(now) {
            return refused(StatusCode::TOO_MANY_REQUESTS);
        }
        let peer = Peer::of(&parts, source.ip(), &self.api.stage, now);
        let event = event::connect(&peer, &parts, source, request_id, now);
        let chosen = match self.decide(event).await {
            Ok(returned) => returned,
            Err(status) => return refusal(status, Some(&peer.id), request_id),
        };
        // A subprotocol that the function has chosen.
        if let Some(protocol) = chosen {
            answer.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        let (opened, outgoing) = self.connections.open(peer);
        tokio::spawn(Arc::clone(self).serve(upgrade, Arc::new(opened), outgoing));
        answer
    }

    /// Whether the function of `$connect` admits a connection: the subprotocol that it chooses, or the
    /// status of the refusal.
    async fn decide(&self, event: Value) -> Result<Option<header::HeaderValue>, StatusCode> {
        let Some(route) = self.route("$connect") else { return Ok(None) };
        let returned = self.invoke(route, event).await.ok_or(StatusCode::BAD_GATEWAY)?;
        let status = returned["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
        let status = status.and_then(|status| StatusCode::from_u16(status).ok());
        match status {
            Some(status) if status.is_success() => {
                let headers = returned["headers"].as_object().into_iter().flatten();
                let name = header::SEC_WEBSOCKET_PROTOCOL.as_str();
                let mut protocol = headers.filter(|(key, _)| key.eq_ignore_ascii_case(name));
                Ok(protocol.find_map(|(_, value)| value.as_str()?.parse().ok()))
            }
            Some(status) => Err(status),
            None => Err(StatusCode::BAD_GATEWAY),
        }
    }

    /// Serves a connection to its end, then says so to the function of `$disconnect`.
    async fn serve(
        self: Arc<Self>,
        upgrade: hyper::upgrade::OnUpgrade,
        opened: Arc<Opened>,
        outgoing: Outgoing,
    ) {
        let (end, _busy) = match self.stopped.run_until_cancelled(upgrade).await {
            Some(Ok(upgraded)) => {
                let (io, limits) = (TokioIo::new(upgraded), Some(socket::limits()));
                let socket = WebSocketStream::from_raw_socket(io, Role::Server, limits).await;
                socket::serve(&self, &opened, socket, outgoing).await
            }
            Some(Err(_)) => (End::Broken, self.activity.begin()),
            None => (End::Stopped, self.activity.begin()),
        };
        opened.close();
        if let Some(route) = self.route("$disconnect") {
            let (now, id) = (self.clock.now(), request_id());
            let (code, reason) = end.status();
            let event = event::disconnect(opened.peer(), (code, &reason), &id, now);
            self.invoke(route, event).await;
        }
    }

    fn route(&self, key: &str) -> Option<&WebSocketRoute> {
        self.api.routes.get(key)
    }

    /// What the function returns; `None` if it fails or takes too long.
    async fn invoke(&self, route: &WebSocketRoute, event: Value) -> Option<Value> {
        let invocation = self.functions.invoke(&route.function, event);
        tokio::time::timeout(INTEGRATION_TIMEOUT, invocation).await.ok()?.ok()
    }
}

/// A new id of a request.
fn request_id() -> String {
    uuid::Uuid::from_bytes(runtime::random::bytes()).simple().to_string()
}

/// What API Gateway says where a function does not.
fn message(text: &str, connection: Option<&str>, request_id: &str) -> String {
    let mut message = json!({ "message": text, "requestId": request_id });
    if let Some(id) = connection {
        message["connectionId"] = json!(id);
    }
    message.to_string()
}

fn refusal(status: StatusCode, connection: Option<&str>, request_id: &str) -> Response {
    let text = status.canonical_reason().unwrap_or_default();
    let mut response = Response::new(Body::from(message(text, connection, request_id)));
    *response.status_mut() = status;
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
