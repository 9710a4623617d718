//! What anyone may read: `GET /v1/health` and `GET /openapi.json`; and the 404 for every path
//! that has no route.

use http::StatusCode;
use http::header::CONTENT_TYPE;
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
        match request.path() {
            "/v1/health" => json(
                StatusCode::OK,
                &object!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }),
            ),
            "/openapi.json" => Ok(openapi()),
            _ => Err(Problem::not_found("There is no such route; GET /openapi.json lists them.")),
        }
    }
}

fn openapi() -> Response {
    let mut response = Response::new(OPENAPI.into());
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
