//! CORS as API Gateway and S3 answer it: preflights by themselves, and headers on other answers.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    HeaderMap, HeaderName, HeaderValue, ORIGIN, VARY,
};
use http::{Method, Response, StatusCode};

use crate::template::Cors;

/// The origin of a request that a browser sends for a page of another one.
pub(crate) fn origin(headers: &HeaderMap) -> Option<String> {
    headers.get(ORIGIN)?.to_str().ok().map(str::to_owned)
}

/// The answer to a preflight, to which [`allow`] adds the origin; `None` if it is none.
pub(crate) fn preflight<B: Default>(
    cors: Option<&Cors>,
    method: &Method,
    headers: &HeaderMap,
) -> Option<Response<B>> {
    let is_preflight =
        method == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let (cors, origin) = (cors?, origin(headers).filter(|_| is_preflight)?);
    let mut response = Response::new(B::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    if cors.allowed(&origin).is_some() {
        let headers = response.headers_mut();
        set(headers, ACCESS_CONTROL_ALLOW_METHODS, &cors.methods.join(", "));
        set(headers, ACCESS_CONTROL_ALLOW_HEADERS, &cors.headers.join(", "));
        set(headers, ACCESS_CONTROL_MAX_AGE, &cors.max_age.to_string());
    }
    Some(response)
}

/// Lets the page of `origin` read the answer with these `headers`, if it may.
pub(crate) fn allow(cors: Option<&Cors>, origin: Option<&str>, headers: &mut HeaderMap) {
    let Some((cors, origin)) = cors.zip(origin) else { return };
    let Some(allowed) = cors.allowed(origin) else { return };
    set(headers, ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    set(headers, ACCESS_CONTROL_EXPOSE_HEADERS, &cors.exposed.join(", "));
    headers.append(VARY, HeaderValue::from_static("Origin"));
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
