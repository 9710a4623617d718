//! Functions behind API Gateway's WebSocket APIs: connections that open, say something, and close.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use domain::ConnectionId;
use http::StatusCode;
use lambda_runtime::{LambdaEvent, service_fn};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::aws::AwsService;
use crate::http::chain;
use crate::{Context, Invocable, Problem, StartError, authorizer};

/// A function that handles what happens on connections.
pub trait WebSocketFunction: Sized + Send + Sync + 'static {
    /// Reads the settings and makes the clients, once.
    fn new(context: &Context) -> Result<Self, StartError>;

    /// Accepts a connection, or refuses it with the status of the problem. Until it has been
    /// accepted, nothing can be sent on it.
    fn connect(
        &self,
        connection: ConnectionId,
        handshake: Handshake,
    ) -> impl Future<Output = Result<(), Problem>> + Send;

    /// Handles what a client says. An answer is sent on the connection, by the function itself.
    fn receive(
        &self,
        connection: ConnectionId,
        text: String,
    ) -> impl Future<Output = Result<(), Problem>> + Send;

    /// A connection is closed. API Gateway reports most of these, not all.
    fn disconnect(
        &self,
        connection: ConnectionId,
    ) -> impl Future<Output = Result<(), Problem>> + Send;
}

/// The request that opens a connection.
#[derive(Debug)]
pub struct Handshake {
    headers: HashMap<String, String>,
    query: HashMap<String, String>,
}

impl Handshake {
    /// The token of the header `Authorization: Bearer …`.
    pub fn bearer(&self) -> Option<&str> {
        authorizer::bearer(&self.headers)
    }

    /// The query parameter `name`, if it is there and not empty.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// The part of API Gateway's event that is used.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    request_context: RequestContext,
    /// Of `$connect` alone.
    #[serde(default)]
    headers: Option<HashMap<String, String>>,
    #[serde(default)]
    query_string_parameters: Option<HashMap<String, String>>,
    #[serde(default)]
    body: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    route_key: String,
    connection_id: ConnectionId,
    #[serde(default)]
    request_id: String,
}

/// Serves `F` in Lambda until it is shut down.
pub async fn run<F: WebSocketFunction>() -> Result<(), lambda_runtime::Error> {
    let function = Context::start(&[AwsService::DynamoDb], F::new).await?;
    let function = &function;
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<Event>| {
        Ok::<_, lambda_runtime::Error>(Box::pin(answer(function, event.payload)).await)
    }))
    .await
}

/// `F`, to be invoked with API Gateway's event.
pub fn invocable<F: WebSocketFunction>(context: &Context) -> Result<Invocable, StartError> {
    let function = Arc::new(F::new(context)?);
    Ok(Arc::new(move |event| {
        let function = Arc::clone(&function);
        Box::pin(async move { Ok(answer(&*function, serde_json::from_value(event)?).await) })
    }))
}

/// The status, with which API Gateway accepts or refuses a connection; it is not sent for anything
/// else.
async fn answer<F: WebSocketFunction>(function: &F, event: Event) -> Value {
    let RequestContext { route_key, connection_id, request_id } = event.request_context;
    let done = match route_key.as_str() {
        "$connect" => {
            let headers = event.headers.unwrap_or_default();
            let query = event.query_string_parameters.unwrap_or_default();
            function.connect(connection_id, Handshake { headers, query }).await
        }
        "$disconnect" => function.disconnect(connection_id).await,
        _ => function.receive(connection_id, event.body.unwrap_or_default()).await,
    };
    let status = match done {
        Ok(()) => StatusCode::OK,
        Err(problem) => {
            if let Some(cause) = problem.cause() {
                tracing::error!(request_id, cause = chain(cause), "request failed");
            }
            problem.status()
        }
    };
    json!({ "statusCode": status.as_u16() })
}
