//! The HTTP API: answers requests as API Gateway does, through the functions of the template.
//!
//! An authorizer's context reaches its function and nothing else; a rejection has API Gateway's
//! status and text. Payload format 2.0 is in `event` and `answer`, the choice of a route in `route`.

mod answer;
mod event;
mod route;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use axum::serve::ListenerExt;
use hookreel_studio::own_host;
use runtime::Clock;
use serde_json::Value;
use tokio::net::TcpListener;

pub(crate) use event::common_log_time;
pub use route::Routes;

use crate::cors;
use crate::functions::Functions;
use crate::live::{self, Live};
use crate::meter::measured;
use crate::template::{Authorizer, Cors};
use answer::message;
use event::IncomingRequest;
use route::Match;

/// Largest body of a request, in bytes: API Gateway's limit.
const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;
/// How long API Gateway waits for a function.
const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(30);

/// The HTTP API of the template, served on `port`.
#[derive(Debug)]
pub struct Gateway {
    pub routes: Routes,
    pub functions: Arc<Functions>,
    pub clock: Clock,
    pub port: u16,
    pub cors: Option<Cors>,
    /// The host of the API's public address, by which a proxy of this machine may lead to it.
    pub public_host: Option<String>,
    /// The WebSocket API, which has its path at the same port.
    pub live: Option<Arc<Live>>,
}

/// A rejection by the gateway itself, with the status and text of API Gateway.
type Rejection = (StatusCode, &'static str);

const FORBIDDEN: Rejection = (StatusCode::FORBIDDEN, "Forbidden");
const UNAUTHORIZED: Rejection = (StatusCode::UNAUTHORIZED, "Unauthorized");
const NOT_FOUND: Rejection = (StatusCode::NOT_FOUND, "Not Found");
const TOO_LARGE: Rejection = (StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
const FUNCTION_FAILED: Rejection = (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
const FUNCTION_TIMED_OUT: Rejection = (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable");

impl Gateway {
    /// Answers requests until `stopped` resolves, then completes those under way.
    pub async fn serve(
        self: Arc<Self>,
        listener: TcpListener,
        stopped: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let app = Router::new().fallback(handle).with_state(self);
        let service = app.into_make_service_with_connect_info::<SocketAddr>();
        // Answers are small and sent at once; Nagle's algorithm would delay them by 40 ms.
        let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
        axum::serve(listener, service).with_graceful_shutdown(stopped).await
    }

    async fn answer(&self, request: Request, source: SocketAddr, id: &str) -> Response {
        match self.try_answer(request, source, id).await {
            Ok(response) => response,
            Err((status, text)) => message(status, text),
        }
    }

    async fn try_answer(
        &self,
        request: Request,
        source: SocketAddr,
        id: &str,
    ) -> Result<Response, Rejection> {
        let (parts, body) = request.into_parts();
        let cors = self.cors.as_ref();
        let is_allowed = |origin: &str| cors.is_some_and(|cors| cors.allowed(origin).is_some());
        own_host::check(&parts, self.public_host.as_deref(), is_allowed).map_err(|_| FORBIDDEN)?;
        let live = self.live.as_ref().filter(|live| live.is_at(parts.uri.path()));
        if let Some(live) = live.filter(|_| live::is_upgrade(&parts)) {
            return Ok(live.connect(parts, source, id).await);
        }
        if let Some(preflight) = cors::preflight(cors, &parts.method, &parts.headers) {
            return Ok(preflight);
        }
        let found = self.routes.find(parts.method.as_str(), parts.uri.path()).ok_or(NOT_FOUND)?;
        let body = to_bytes(body, MAX_BODY_BYTES).await.map_err(|_| TOO_LARGE)?;
        let incoming = IncomingRequest {
            parts: &parts,
            body: &body,
            found: &found,
            source: source.ip(),
            request_id: id,
            time: self.clock.now(),
            port: self.port,
        };
        let authorized = self.authorize(&incoming, &found).await?;
        let event = event::for_function(&incoming, authorized);
        let returned = self.invoke(&found.route.function, event).await?;
        answer::response(returned).map_err(|error| {
            tracing::error!(
                kind = "api",
                what = found.route.function,
                id,
                "invalid answer: {error}"
            );
            FUNCTION_FAILED
        })
    }

    /// Invokes the route's authorizer, if it has one, and returns the context for the function.
    async fn authorize(
        &self,
        incoming: &IncomingRequest<'_>,
        found: &Match<'_>,
    ) -> Result<Option<Value>, Rejection> {
        let Some(authorizer) = &found.route.authorizer else { return Ok(None) };
        let identity = identity(incoming, authorizer).ok_or(UNAUTHORIZED)?;
        let event = event::for_authorizer(incoming, &identity);
        let mut answer = self.invoke(&authorizer.function, event).await?;
        match answer["isAuthorized"].as_bool() {
            Some(true) => Ok(Some(answer["context"].take())),
            Some(false) => Err(FORBIDDEN),
            None => Err(FUNCTION_FAILED),
        }
    }

    async fn invoke(&self, function: &str, event: Value) -> Result<Value, Rejection> {
        let invocation = self.functions.invoke(function, event);
        match tokio::time::timeout(INTEGRATION_TIMEOUT, invocation).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(FUNCTION_FAILED),
            Err(_) => Err(FUNCTION_TIMED_OUT),
        }
    }
}

async fn handle(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let started = Instant::now();
    let id = uuid::Uuid::from_bytes(runtime::random::bytes()).simple().to_string();
    let what = format!("{} {}", request.method(), request.uri().path());
    let cors = gateway.cors.as_ref();
    let origin = cors::origin(request.headers());
    let mut response = measured("gateway", gateway.answer(request, source, &id)).await;
    cors::allow(cors, origin.as_deref(), response.headers_mut());
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("apigw-requestid", value);
    }
    let outcome = response.status().as_u16();
    tracing::info!(kind = "api", what, id, outcome, ms = started.elapsed().as_secs_f64() * 1e3);
    response
}

/// The values of the authorizer's identity headers, if all are present.
fn identity(incoming: &IncomingRequest<'_>, authorizer: &Authorizer) -> Option<Vec<String>> {
    let headers = &incoming.parts.headers;
    let value = |name: &String| headers.get(name)?.to_str().ok().map(str::to_owned);
    authorizer.identity_headers.iter().map(value).collect()
}
