//! Functions behind API Gateway: one trait, run in Lambda or invoked with an event.

mod api_links;
mod request;

use std::future::Future;
use std::sync::Arc;

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Body, Service, service_fn};
use lambda_runtime::LambdaEvent;
use serde::Serialize;

use crate::aws::AwsService;
use crate::{Context, Invocable, Problem, StartError};

pub use api_links::ApiLinks;
pub use request::Request;

/// What a handler gives.
pub type Result<T, E = Problem> = std::result::Result<T, E>;

/// A response to a client.
pub type Response = http::Response<String>;

/// A function that answers HTTP requests.
pub trait HttpFunction: Sized + Send + Sync + 'static {
    /// The AWS services that most requests call. Connections to them are opened at start.
    const CALLS: &'static [AwsService] = &[AwsService::DynamoDb];

    /// Reads the settings and makes the clients, once.
    fn new(context: &Context) -> Result<Self, StartError>;

    /// Answers one request.
    fn handle(&self, request: Request) -> impl Future<Output = Result<Response>> + Send;
}

/// Serves `F` in Lambda until it is shut down.
pub async fn run<F: HttpFunction>() -> Result<(), lambda_runtime::Error> {
    let function = Arc::new(Context::start(F::CALLS, F::new).await?);
    lambda_http::run(service_fn(move |request| respond(Arc::clone(&function), request))).await
}

/// `F`, to be invoked with API Gateway's event.
pub fn invocable<F: HttpFunction>(context: &Context) -> Result<Invocable, StartError> {
    let function = Arc::new(F::new(context)?);
    Ok(Arc::new(move |event| {
        let function = Arc::clone(&function);
        Box::pin(async move {
            let request: LambdaRequest = serde_json::from_value(event)?;
            let mut adapter =
                Adapter::from(service_fn(move |request| respond(Arc::clone(&function), request)));
            let event = LambdaEvent::new(request, lambda_runtime::Context::default());
            Ok(serde_json::to_value(adapter.call(event).await?)?)
        })
    }))
}

/// A JSON response.
pub fn json(status: StatusCode, body: &impl Serialize) -> Result<Response> {
    let body = serde_json::to_string(body).map_err(Problem::unavailable)?;
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// A response without a body.
pub fn no_content() -> Response {
    let mut response = Response::new(String::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// A page of a list.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "{T}Page"))]
pub struct Page<'a, T> {
    data: &'a [T],
    /// Where the next page starts; null on the last one.
    next_cursor: Option<String>,
}

/// The response of a page of a list, with the cursor of the next page if there is one.
pub fn page(data: &[impl Serialize], next: Option<impl std::fmt::Display>) -> Result<Response> {
    json(StatusCode::OK, &Page { data, next_cursor: next.map(|cursor| cursor.to_string()) })
}

/// The only place where a problem becomes a response, and its cause a log line.
async fn respond<F: HttpFunction>(
    function: Arc<F>,
    request: lambda_http::Request,
) -> Result<lambda_http::Response<Body>, lambda_runtime::Error> {
    let request = Request::new(request);
    let request_id = request.id().to_owned();
    let problem = match function.handle(request).await {
        Ok(response) => return Ok(response.map(body)),
        Err(problem) => problem,
    };
    if let Some(cause) = problem.cause() {
        tracing::error!(request_id, cause = chain(cause), "request failed");
    }
    Ok(problem_response(&problem, &request_id).map(body))
}

fn body(text: String) -> Body {
    if text.is_empty() { Body::Empty } else { Body::Text(text) }
}

fn problem_response(problem: &Problem, request_id: &str) -> Response {
    let body = serde_json::to_string(&problem.body(request_id)).unwrap_or_default();
    let mut response = Response::new(body);
    *response.status_mut() = problem.status();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.extend(problem.headers().iter().cloned());
    response
}

/// An error and its sources, in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        line.push_str(": ");
        line.push_str(&error.to_string());
        source = error.source();
    }
    line
}
