//! The events of connections: API Gateway's for WebSocket APIs.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::http::request::Parts;
use domain::Timestamp;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::connections::Peer;
use crate::gateway::common_log_time;
use crate::template::WEB_SOCKET_API;

/// The event of a request to become a connection.
pub(super) fn connect(
    peer: &Peer,
    parts: &Parts,
    source: SocketAddr,
    request_id: &str,
    now: Timestamp,
) -> Value {
    let mut event = json!({
        "requestContext": context(peer, ("$connect", "CONNECT"), request_id, now),
        "isBase64Encoded": false,
    });
    let sent = parts.headers.iter().map(|(name, value)| {
        (as_sent(name.as_str()), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let added = [
        ("X-Forwarded-For", source.ip().to_string()),
        ("X-Forwarded-Port", source.port().to_string()),
        ("X-Forwarded-Proto", "http".to_owned()),
    ];
    let added = added.into_iter().map(|(name, value)| (name.to_owned(), value));
    add(&mut event, ["headers", "multiValueHeaders"], sent.chain(added));
    let query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let query = query.map(|(name, value)| (name.into_owned(), value.into_owned()));
    let names = ["queryStringParameters", "multiValueQueryStringParameters"];
    add(&mut event, names, query);
    event
}

/// The event of a message, which is Base64 if it `is_binary`.
pub(super) fn message(
    peer: &Peer,
    route_key: &str,
    (body, is_binary): (&str, bool),
    request_id: &str,
    now: Timestamp,
) -> Value {
    let mut context = context(peer, (route_key, "MESSAGE"), request_id, now);
    context["messageId"] = json!(request_id);
    json!({ "requestContext": context, "body": body, "isBase64Encoded": is_binary })
}

/// The event of the end of a connection.
pub(super) fn disconnect(
    peer: &Peer,
    (code, reason): (u16, &str),
    request_id: &str,
    now: Timestamp,
) -> Value {
    let mut context = context(peer, ("$disconnect", "DISCONNECT"), request_id, now);
    context["disconnectStatusCode"] = json!(code);
    context["disconnectReason"] = json!(reason);
    let headers = json!({ "Host": peer.domain, "X-Forwarded-For": peer.source.to_string() });
    json!({ "requestContext": context, "headers": headers, "isBase64Encoded": false })
}

fn context(
    peer: &Peer,
    (route_key, event_type): (&str, &str),
    request_id: &str,
    now: Timestamp,
) -> Value {
    let mut identity = json!({ "sourceIp": peer.source.to_string() });
    if let Some(user_agent) = &peer.user_agent {
        identity["userAgent"] = json!(user_agent);
    }
    json!({
        "apiId": WEB_SOCKET_API,
        "connectedAt": peer.connected_at.as_millis(),
        "connectionId": peer.id,
        "domainName": peer.domain,
        "eventType": event_type,
        "extendedRequestId": request_id,
        "identity": identity,
        "messageDirection": "IN",
        "requestId": request_id,
        "requestTime": common_log_time(now),
        "requestTimeEpoch": now.as_millis(),
        "routeKey": route_key,
        "stage": peer.stage,
    })
}

/// Adds `pairs` under both names: the last value of each, and all values of each. Nothing if there are
/// none.
fn add(event: &mut Value, [last, all]: [&str; 2], pairs: impl Iterator<Item = (String, String)>) {
    let mut grouped = BTreeMap::<String, Vec<String>>::new();
    for (name, value) in pairs {
        grouped.entry(name).or_default().push(value);
    }
    if grouped.is_empty() {
        return;
    }
    let lasts = grouped.iter().map(|(name, values)| (name.clone(), json!(values.last())));
    event[last] = Value::Object(lasts.collect::<Map<_, _>>());
    event[all] = json!(grouped);
}

/// A header's name as clients write it. API Gateway passes it on as it was sent, in capitals; `hyper`
/// has put it in lower case.
fn as_sent(name: &str) -> String {
    let word = |word: &str| match word {
        "websocket" => "WebSocket".to_owned(),
        word => {
            let (first, rest) = word.split_at(word.len().min(1));
            first.to_ascii_uppercase() + rest
        }
    };
    name.split('-').map(word).collect::<Vec<_>>().join("-")
}
