//! Turns what a function returned into the HTTP response.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Largest answer of a function, in bytes: Lambda's limit for a synchronous invocation.
const MAX_ANSWER_BYTES: usize = 6 * 1024 * 1024;

/// Why an answer of a function is not an HTTP response.
#[derive(Debug, thiserror::Error)]
pub(super) enum AnswerError {
    #[error("the function's answer does not match payload format 2.0")]
    Shape(#[from] serde_json::Error),
    #[error("the function's status code is not one of HTTP")]
    Status(#[from] axum::http::status::InvalidStatusCode),
    #[error("the function's header {name} is not valid in HTTP")]
    Header { name: String },
    #[error("the function's body is not Base64")]
    Body(#[from] base64::DecodeError),
    #[error("the function's answer of {bytes} bytes exceeds Lambda's limit")]
    TooLarge { bytes: usize },
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

/// An answer of the gateway itself: `{"message": …}`.
pub(super) fn message(status: StatusCode, text: &str) -> Response {
    json_response(status, &json!({ "message": text }))
}

fn json_response(status: StatusCode, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The HTTP response for `returned`, which is the body itself if it has no `statusCode`.
pub(super) fn response(returned: Value) -> Result<Response, AnswerError> {
    if returned.get("statusCode").is_none() {
        return Ok(json_response(StatusCode::OK, &returned));
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
    // Format 2.0 has no such member beside `headers`, so a name that is in both is sent once.
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
