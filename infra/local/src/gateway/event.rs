//! The event of a request: API Gateway's payload format 2.0.

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

/// A request, with all that its event needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct IncomingRequest<'a> {
    pub parts: &'a Parts,
    pub body: &'a [u8],
    pub found: &'a Match<'a>,
    pub source: std::net::IpAddr,
    /// Its id, also in the answer's headers and the logs.
    pub request_id: &'a str,
    pub time: Timestamp,
    pub port: u16,
}

/// The event for the route's function, with the authorizer's context, if the route has one.
pub(super) fn for_function(incoming: &IncomingRequest<'_>, authorized: Option<Value>) -> Value {
    let mut event = common(incoming);
    event["routeKey"] = json!(incoming.found.route.key);
    event["isBase64Encoded"] = json!(false);
    if !incoming.body.is_empty() {
        let (body, encoded) = body(&incoming.parts.headers, incoming.body);
        event["body"] = json!(body);
        event["isBase64Encoded"] = json!(encoded);
    }
    if let Some(context) = authorized {
        event["requestContext"]["authorizer"] = json!({ "lambda": context });
    }
    event
}

/// The event for the route's authorizer.
pub(super) fn for_authorizer(incoming: &IncomingRequest<'_>, identity: &[String]) -> Value {
    let mut event = common(incoming);
    let (method, path) = (incoming.parts.method.as_str(), incoming.parts.uri.path());
    event["type"] = json!("REQUEST");
    event["routeKey"] = json!(incoming.found.route.key);
    event["routeArn"] =
        json!(format!("arn:aws:execute-api:{REGION}:{ACCOUNT}:{STACK}/$default/{method}{path}"));
    event["identitySource"] = if identity.is_empty() { Value::Null } else { json!(identity) };
    event
}

fn common(incoming: &IncomingRequest<'_>) -> Value {
    let parts = incoming.parts;
    let query = parts.uri.query().unwrap_or_default();
    let mut event = json!({
        "version": "2.0",
        "rawPath": parts.uri.path(),
        "rawQueryString": query,
        "headers": headers(incoming),
        "requestContext": request_context(incoming),
    });
    let cookies = cookies(&parts.headers);
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    if !query.is_empty() {
        event["queryStringParameters"] = json!(joined(form_urlencoded::parse(query.as_bytes())));
    }
    if !incoming.found.parameters.is_empty() {
        event["pathParameters"] = json!(incoming.found.parameters);
    }
    event
}

fn request_context(incoming: &IncomingRequest<'_>) -> Value {
    let text = |name| text(&incoming.parts.headers, name);
    let domain = text(header::HOST);
    json!({
        "accountId": ACCOUNT,
        "apiId": STACK,
        "domainName": domain,
        "domainPrefix": domain.split(['.', ':']).next(),
        "http": {
            "method": incoming.parts.method.as_str(),
            "path": incoming.parts.uri.path(),
            "protocol": "HTTP/1.1",
            "sourceIp": incoming.source.to_string(),
            "userAgent": text(header::USER_AGENT),
        },
        "requestId": incoming.request_id,
        "routeKey": incoming.found.route.key,
        "stage": "$default",
        "time": common_log_time(incoming.time),
        "timeEpoch": incoming.time.as_millis(),
    })
}

/// The headers: names in lower case, values of the same name joined by commas, without cookies, and
/// with those that the gateway adds.
fn headers(incoming: &IncomingRequest<'_>) -> Map<String, Value> {
    let sent = incoming.parts.headers.iter().filter(|(name, _)| *name != header::COOKIE);
    let sent = sent.map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())));
    let source = incoming.source.to_string();
    let added = [
        ("x-forwarded-for", source),
        ("x-forwarded-port", incoming.port.to_string()),
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

/// The body as text, or else as Base64; the flag is true for Base64.
fn body(headers: &HeaderMap, bytes: &[u8]) -> (String, bool) {
    let is_text = is_text_type(&text(headers, header::CONTENT_TYPE))
        && !headers.contains_key(header::CONTENT_ENCODING);
    match std::str::from_utf8(bytes) {
        Ok(text) if is_text => (text.to_owned(), false),
        _ => (STANDARD.encode(bytes), true),
    }
}

/// Whether API Gateway passes a body of this media type as text.
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

/// In the Common Log Format: `12/Mar/2020:19:03:58 +0000`.
pub(crate) fn common_log_time(time: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(time.as_millis()).map_or_else(
        |_| time.to_string(),
        |time| time.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
    )
}
