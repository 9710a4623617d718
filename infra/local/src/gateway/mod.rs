//! The HTTP API: takes requests as API Gateway does, and hands them to functions.

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
use runtime::Clock;
use serde_json::Value;
use tokio::net::TcpListener;

pub use route::Routes;

use crate::functions::Functions;
use crate::meter::measured;
use crate::template::Authorizer;
use answer::message;
use event::Arrival;
use route::Match;

/// Most bytes in a request's body: API Gateway's limit.
const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;
/// How long API Gateway waits for a function.
const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(30);

/// The HTTP API of the template.
#[derive(Debug)]
pub struct Gateway {
    /// Where each request goes.
    pub routes: Routes,
    /// What answers.
    pub functions: Arc<Functions>,
    /// Dates the requests.
    pub clock: Clock,
    /// The port it listens on.
    pub port: u16,
}

/// A refusal of the gateway's own, with the status and the words that API Gateway has for it.
type Refusal = (StatusCode, &'static str);

const FORBIDDEN: Refusal = (StatusCode::FORBIDDEN, "Forbidden");
const UNAUTHORIZED: Refusal = (StatusCode::UNAUTHORIZED, "Unauthorized");
const NOT_FOUND: Refusal = (StatusCode::NOT_FOUND, "Not Found");
const TOO_LARGE: Refusal = (StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
const FUNCTION_FAILED: Refusal = (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
const FUNCTION_TOO_SLOW: Refusal = (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable");

impl Gateway {
    /// Answers requests until `stopped` resolves, then ends those that are being answered.
    pub async fn serve(
        self: Arc<Self>,
        listener: TcpListener,
        stopped: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let app = Router::new().fallback(handle).with_state(self);
        let service = app.into_make_service_with_connect_info::<SocketAddr>();
        // Answers are small and whole; waiting for more to send would cost them 40 ms.
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
    ) -> Result<Response, Refusal> {
        let (parts, body) = request.into_parts();
        let found = self.routes.find(parts.method.as_str(), parts.uri.path()).ok_or(NOT_FOUND)?;
        let body = to_bytes(body, MAX_BODY_BYTES).await.map_err(|_| TOO_LARGE)?;
        let arrival = Arrival {
            parts: &parts,
            body: &body,
            found: &found,
            source: source.ip(),
            request_id: id,
            time: self.clock.now(),
            port: self.port,
        };
        let authorized = self.authorize(&arrival, &found).await?;
        let event = event::for_function(&arrival, authorized);
        let returned = self.invoke(&found.route.function, event).await?;
        answer::response(returned).map_err(|error| {
            tracing::error!(kind = "api", what = found.route.function, id, "{error}");
            FUNCTION_FAILED
        })
    }

    /// Asks the route's authorizer, if it has one, and returns what the function gets of it.
    async fn authorize(
        &self,
        arrival: &Arrival<'_>,
        found: &Match<'_>,
    ) -> Result<Option<Value>, Refusal> {
        let Some(authorizer) = &found.route.authorizer else { return Ok(None) };
        let identity = identity(arrival, authorizer).ok_or(UNAUTHORIZED)?;
        let event = event::for_authorizer(arrival, &identity);
        let mut answer = self.invoke(&authorizer.function, event).await?;
        match answer["isAuthorized"].as_bool() {
            Some(true) => Ok(Some(answer["context"].take())),
            Some(false) => Err(FORBIDDEN),
            None => Err(FUNCTION_FAILED),
        }
    }

    async fn invoke(&self, function: &str, event: Value) -> Result<Value, Refusal> {
        let invocation = self.functions.invoke(function, event);
        match tokio::time::timeout(INTEGRATION_TIMEOUT, invocation).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(FUNCTION_FAILED),
            Err(_) => Err(FUNCTION_TOO_SLOW),
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
    let mut response = measured("gateway", gateway.answer(request, source, &id)).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("apigw-requestid", value);
    }
    let outcome = response.status().as_u16();
    tracing::info!(kind = "api", what, id, outcome, ms = started.elapsed().as_secs_f64() * 1e3);
    response
}

/// The values of the headers that the authorizer is asked about, if all are there.
fn identity(arrival: &Arrival<'_>, authorizer: &Authorizer) -> Option<Vec<String>> {
    let headers = &arrival.parts.headers;
    let value = |name: &String| headers.get(name)?.to_str().ok().map(str::to_owned);
    authorizer.identity_headers.iter().map(value).collect()
}
