//! `@connections`: how functions send to the clients of the WebSocket API, look at them and close them.

use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode, Uri};
use percent_encoding::percent_decode_str;
use s3s::Body;
use serde_json::json;

use super::calls::Access;
use super::identity::{ACCOUNT, REGION};
use crate::live::{Connections, PostError};
use crate::template::WEB_SOCKET_API;

/// The segment of a path before a connection's id.
const CONNECTIONS: &str = "@connections";

/// The operation of a request, if it is one of this service.
pub(super) fn operation(method: &Method, uri: &Uri) -> Option<&'static str> {
    place(uri)?;
    Some(match *method {
        Method::POST => "PostToConnection",
        Method::GET => "GetConnection",
        Method::DELETE => "DeleteConnection",
        _ => "Unknown",
    })
}

/// What IAM is asked about a request.
pub(super) fn accesses(method: &str, uri: &Uri) -> Vec<Access> {
    let Some((stage, id)) = place(uri) else { return Vec::new() };
    let (stage, api) = (stage.unwrap_or_default(), WEB_SOCKET_API);
    vec![Access {
        action: "execute-api:ManageConnections".to_owned(),
        resource: format!(
            "arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}/{stage}/{method}/{CONNECTIONS}/{id}"
        ),
        context: Vec::new(),
    }]
}

/// Answers a request.
pub(super) fn answer(
    connections: &Connections,
    parts: &Parts,
    body: bytes::Bytes,
) -> Response<Body> {
    let Some((stage, id)) = place(&parts.uri) else { return refused(PostError::Gone) };
    let stage = stage.as_deref();
    let done = match parts.method {
        Method::POST => connections.post(stage, &id, body).map(|()| Response::new(Body::empty())),
        Method::GET => connections.get(stage, &id).map(|(peer, last_active)| {
            let (source, agent) = (peer.source.to_string(), peer.user_agent);
            let info = json!({
                "connectedAt": peer.connected_at.to_string(),
                "lastActiveAt": last_active.to_string(),
                "identity": { "sourceIp": source, "userAgent": agent.unwrap_or_default() },
            });
            as_json(StatusCode::OK, info.to_string())
        }),
        Method::DELETE => connections.delete(stage, &id).map(|()| {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
        }),
        _ => Err(PostError::OtherStage),
    };
    done.unwrap_or_else(refused)
}

fn refused(error: PostError) -> Response<Body> {
    let (status, kind, message) = match error {
        PostError::Gone => (410, "GoneException", ""),
        PostError::OtherStage => (403, "ForbiddenException", "Forbidden"),
        PostError::TooLarge => (413, "PayloadTooLargeException", "Message too long"),
        PostError::Full => (429, "LimitExceededException", "The client takes no more."),
    };
    refusal(status, kind, message)
}

/// An error as a REST service of AWS writes it.
pub(super) fn refusal(status: u16, kind: &'static str, message: &str) -> Response<Body> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = as_json(status, json!({ "message": message }).to_string());
    response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(kind));
    response
}

fn as_json(status: StatusCode, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The stage, if the path begins with one, and the connection of a request.
fn place(uri: &Uri) -> Option<(Option<String>, String)> {
    let segment = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let segments: Vec<_> = uri.path().trim_start_matches('/').split('/').map(segment).collect();
    match &segments[..] {
        [at, id] if at == CONNECTIONS => Some((None, id.clone())),
        [stage, at, id] if at == CONNECTIONS => Some((Some(stage.clone()), id.clone())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(method: &Method, path: &str) -> Option<&'static str> {
        operation(method, &path.parse().unwrap())
    }

    #[test]
    fn the_path_names_the_service_with_and_without_a_stage() {
        assert_eq!(of(&Method::POST, "/live/@connections/a%3D"), Some("PostToConnection"));
        assert_eq!(of(&Method::GET, "/%40connections/a%3D"), Some("GetConnection"));
        assert_eq!(of(&Method::DELETE, "/live/@connections/a"), Some("DeleteConnection"));
        assert_eq!(of(&Method::POST, "/bucket/a/@connections/b"), None);
        assert_eq!(of(&Method::POST, "/"), None);
        let place = place(&"/live/@connections/a%3D".parse().unwrap());
        assert_eq!(place, Some((Some("live".to_owned()), "a=".to_owned())));
    }
}
