//! What anyone may read: `GET /v1/health` and `GET /openapi.json`; and the answer to every
//! request that has no route: 405 where only its method is wrong, else 404.

mod routes;

use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use runtime::aws::AwsService;
use runtime::http::{HttpFunction, Request, Response, json};
use runtime::{Context, Problem, StartError};
use serde_json::json as object;

/// The description of the API, in OpenAPI 3.1.
const OPENAPI: &str = include_str!("openapi.json");

/// The function.
#[derive(Debug)]
pub struct Docs;

impl HttpFunction for Docs {
    const CALLS: &'static [AwsService] = &[];

    fn new(_: &Context) -> Result<Self, StartError> {
        Ok(Self)
    }

    async fn handle(&self, request: Request) -> Result<Response, Problem> {
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        match request.path() {
            "/v1/health" if is_read => json(
                StatusCode::OK,
                &object!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }),
            ),
            "/openapi.json" if is_read => Ok(openapi()),
            path => Err(no_route(path)),
        }
    }
}

fn no_route(path: &str) -> Problem {
    match routes::allowed(OPENAPI, path) {
        Ok(Some(methods)) => Problem::method_not_allowed(&methods),
        Ok(None) => Problem::not_found("There is no such route; GET /openapi.json lists them."),
        Err(error) => Problem::unavailable(error),
    }
}

fn openapi() -> Response {
    let mut response = Response::new(OPENAPI.into());
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
