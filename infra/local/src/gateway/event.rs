//! What a function is invoked with for a request: API Gateway's payload format 2.0.

use std::collections::BTreeMap;

use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::route::Match;
use crate::aws::identity::{ACCOUNT, REGION};
use crate::template::STACK;

/// A request on its way through the gateway.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival<'a> {
    /// Method, path and headers.
    pub parts: &'a Parts,
    /// The whole body.
    pub body: &'a [u8],
    /// The route it takes.
    pub found: &'a Match<'a>,
    /// Where it came from.
    pub source: std::net::IpAddr,
    /// Its id, in the answer's headers and the logs too.
    pub request_id: &'a str,
    /// When it came.
    pub time: Timestamp,
    /// The port it came to.
    pub port: u16,
}

/// The event for the function itself, with what the authorizer said, if one was asked.
pub(super) fn for_function(arrival: &Arrival<'_>, authorized: Option<Value>) -> Value {
    let mut event = common(arrival);
    event["routeKey"] = json!(arrival.found.route.key);
    event["isBase64Encoded"] = json!(false);
    if !arrival.body.is_empty() {
        let (body, encoded) = body(&arrival.parts.headers, arrival.body);
        event["body"] = json!(body);
        event["isBase64Encoded"] = json!(encoded);
    }
    if let Some(context) = authorized {
        event["requestContext"]["authorizer"] = json!({ "lambda": context });
    }
    event
}

/// The event for the route's authorizer.
pub(super) fn for_authorizer(arrival: &Arrival<'_>, identity: &[String]) -> Value {
    let mut event = common(arrival);
    let (method, path) = (arrival.parts.method.as_str(), arrival.parts.uri.path());
    event["type"] = json!("REQUEST");
    event["routeKey"] = json!(arrival.found.route.key);
    event["routeArn"] =
        json!(format!("arn:aws:execute-api:{REGION}:{ACCOUNT}:{STACK}/$default/{method}{path}"));
    event["identitySource"] = if identity.is_empty() { Value::Null } else { json!(identity) };
    event
}

fn common(arrival: &Arrival<'_>) -> Value {
    let parts = arrival.parts;
    let query = parts.uri.query().unwrap_or_default();
    let mut event = json!({
        "version": "2.0",
        "rawPath": parts.uri.path(),
        "rawQueryString": query,
        "headers": headers(arrival),
        "requestContext": request_context(arrival),
    });
    let cookies = cookies(&parts.headers);
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    if !query.is_empty() {
        event["queryStringParameters"] = json!(joined(form_urlencoded::parse(query.as_bytes())));
    }
    if !arrival.found.parameters.is_empty() {
        event["pathParameters"] = json!(arrival.found.parameters);
    }
    event
}

fn request_context(arrival: &Arrival<'_>) -> Value {
    let text = |name| text(&arrival.parts.headers, name);
    let domain = text(header::HOST);
    json!({
        "accountId": ACCOUNT,
        "apiId": STACK,
        "domainName": domain,
        "domainPrefix": domain.split(['.', ':']).next(),
        "http": {
            "method": arrival.parts.method.as_str(),
            "path": arrival.parts.uri.path(),
            "protocol": "HTTP/1.1",
            "sourceIp": arrival.source.to_string(),
            "userAgent": text(header::USER_AGENT),
        },
        "requestId": arrival.request_id,
        "routeKey": arrival.found.route.key,
        "stage": "$default",
        "time": common_log_time(arrival.time),
        "timeEpoch": arrival.time.as_millis(),
    })
}

/// Names in lower case, values of one name joined by commas, cookies left out, and what the
/// gateway adds on its way.
fn headers(arrival: &Arrival<'_>) -> Map<String, Value> {
    let sent = arrival.parts.headers.iter().filter(|(name, _)| *name != header::COOKIE);
    let sent = sent.map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())));
    let source = arrival.source.to_string();
    let added = [
        ("x-forwarded-for", source),
        ("x-forwarded-port", arrival.port.to_string()),
        ("x-forwarded-proto", "http".to_owned()),
    ];
    let added = added.into_iter().map(|(name, value)| (name, value.into()));
    joined(sent.chain(added)).into_iter().map(|(name, value)| (name, value.into())).collect()
}

fn joined<K: Into<String>, V: AsRef<str>>(
    pairs: impl Iterator<Item = (K, V)>,
) -> BTreeMap<String, String> {
    let mut joined = BTreeMap::<String, String>::new();
    for (name, value) in pairs {
        let entry = joined.entry(name.into());
        entry
            .and_modify(|values| {
                values.push(',');
                values.push_str(value.as_ref());
            })
            .or_insert_with(|| value.as_ref().to_owned());
    }
    joined
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).map(|cookie| cookie.trim().to_owned()).collect()
}

/// The body as text, or as Base64 where it is none; the flag says which.
fn body(headers: &HeaderMap, bytes: &[u8]) -> (String, bool) {
    let is_text = is_text_type(&text(headers, header::CONTENT_TYPE))
        && !headers.contains_key(header::CONTENT_ENCODING);
    match std::str::from_utf8(bytes) {
        Ok(text) if is_text => (text.to_owned(), false),
        _ => (STANDARD.encode(bytes), true),
    }
}

/// Whether API Gateway passes a body of this media type on as text.
fn is_text_type(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_lowercase();
    media_type.is_empty()
        || media_type.starts_with("text/")
        || media_type.ends_with("+json")
        || media_type.ends_with("+xml")
        || matches!(
            media_type.as_str(),
            "application/json"
                | "application/xml"
                | "application/javascript"
                | "application/x-www-form-urlencoded"
        )
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> String {
    headers
        .get(name)
        .map_or_else(String::new, |value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// As web servers write it into their logs: `12/Mar/2020:19:03:58 +0000`.
fn common_log_time(time: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(time.as_millis()).map_or_else(
        |_| time.to_string(),
        |time| time.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
    )
}
