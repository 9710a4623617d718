//! Answers of the services that speak AWS JSON.

use http::{HeaderValue, Response, StatusCode, header};
use s3s::Body;
use serde_json::json;

/// The answer of one JSON operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JsonAnswer {
    pub status: u16,
    pub body: Vec<u8>,
    /// The error's name in SQS's older query protocol, which boto3 reports.
    pub query_error: Option<&'static str>,
}

impl JsonAnswer {
    pub fn ok(body: Vec<u8>) -> Self {
        Self { status: 200, body, query_error: None }
    }

    /// An error by its type and message.
    pub fn error(status: u16, kind: &str, message: &str) -> Self {
        let body = json!({ "__type": kind, "message": message }).to_string().into_bytes();
        Self { status, body, query_error: None }
    }

    /// The HTTP response that carries it.
    pub fn into_response(self) -> Response<Body> {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
        if let Some(error) = self.query_error
            && let Ok(value) = HeaderValue::from_str(&format!("{error};Sender"))
        {
            headers.insert("x-amzn-query-error", value);
        }
        response
    }
}
