//! From what a function returned to what the client gets.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Most bytes a function's answer may have: Lambda's limit for a synchronous invocation.
const MAX_ANSWER_BYTES: usize = 6 * 1024 * 1024;

/// What a function returned that is no HTTP answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum AnswerError {
    /// It has a `statusCode`, and something else in it is wrong.
    #[error("the function's answer has not the shape of payload format 2.0")]
    Shape(#[from] serde_json::Error),
    /// Its status code is none.
    #[error("the function's status code cannot be sent")]
    Status(#[from] axum::http::status::InvalidStatusCode),
    /// A header's name or value cannot be sent.
    #[error("the function's header {name} cannot be sent")]
    Header {
        /// The header.
        name: String,
    },
    /// The body says it is Base64 and is not.
    #[error("the function's body is not Base64")]
    Body(#[from] base64::DecodeError),
    /// The answer is larger than Lambda lets through.
    #[error("the function's answer of {bytes} bytes is over Lambda's limit")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
    #[serde(default)]
    headers: Option<Map<String, Value>>,
    #[serde(default)]
    multi_value_headers: Option<Map<String, Value>>,
    #[serde(default)]
    cookies: Option<Vec<String>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// An answer of the gateway's own: `{"message": …}`.
pub(super) fn message(status: StatusCode, text: &str) -> Response {
    let mut response = Response::new(Body::from(json!({ "message": text }).to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The response that `returned` stands for. Without a `statusCode` it is itself the body.
pub(super) fn response(returned: Value) -> Result<Response, AnswerError> {
    if returned.get("statusCode").is_none() {
        let mut response = Response::new(Body::from(returned.to_string()));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        return Ok(response);
    }
    let answer: Answer = serde_json::from_value(returned)?;
    let text = answer.body.unwrap_or_default();
    if text.len() > MAX_ANSWER_BYTES {
        return Err(AnswerError::TooLarge { bytes: text.len() });
    }
    let body = if answer.is_base64_encoded { STANDARD.decode(text)? } else { text.into_bytes() };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(answer.status_code)?;
    let headers = response.headers_mut();
    add_all(headers, answer.headers.unwrap_or_default())?;
    // Beside `headers` the format has no such field; a name that is in both counts once.
    let mut others = answer.multi_value_headers.unwrap_or_default();
    others.retain(|name, _| !headers.contains_key(name.as_str()));
    add_all(headers, others)?;
    for cookie in answer.cookies.unwrap_or_default() {
        headers.append(SET_COOKIE, value("set-cookie", &cookie)?);
    }
    headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("text/plain;charset=UTF-8"));
    Ok(response)
}

fn add_all(headers: &mut HeaderMap, from: Map<String, Value>) -> Result<(), AnswerError> {
    for (name, values) in from {
        let key: HeaderName =
            name.parse().map_err(|_| AnswerError::Header { name: name.clone() })?;
        let values = if let Value::Array(values) = values { values } else { vec![values] };
        for one in values {
            let text = one.as_str().map_or_else(|| one.to_string(), str::to_owned);
            headers.append(&key, value(&name, &text)?);
        }
    }
    Ok(())
}

fn value(name: &str, text: &str) -> Result<HeaderValue, AnswerError> {
    text.parse().map_err(|_| AnswerError::Header { name: name.to_owned() })
}
