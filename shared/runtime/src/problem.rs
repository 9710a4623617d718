//! Error responses: `application/problem+json` (RFC 9457).

use std::error::Error;
use std::time::Duration;

use domain::InvalidField;
use domain::idempotency::KeyReused;
use http::header::{ALLOW, RETRY_AFTER};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

/// A failed request. The cause is kept apart from what clients read, and only logged.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: String,
    field: Option<Box<str>>,
    headers: Vec<(HeaderName, HeaderValue)>,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Problem {
    fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code,
            title,
            detail: detail.into(),
            field: None,
            headers: Vec::new(),
            cause: None,
        }
    }

    /// 400: the request cannot be read at all.
    pub fn bad_request(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, "Bad request", detail)
    }

    /// 400: a field of a provider's webhook is missing or wrong.
    #[must_use]
    pub fn bad_field(invalid: InvalidField) -> Self {
        let detail = format!("{} {}.", invalid.field, invalid.message);
        Self { field: Some(invalid.field.into()), ..Self::bad_request("invalid_field", detail) }
    }

    /// 401: the caller is not authenticated.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Unauthorized", detail)
    }

    /// 403: the caller is authenticated, but not allowed to do this.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Forbidden", detail)
    }

    /// 404: absent, or another owner's. Clients cannot tell the two apart.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "Not found", detail)
    }

    /// 405: the path allows only the methods in `allow`, separated by commas.
    #[must_use]
    pub fn method_not_allowed(allow: &str) -> Self {
        let detail = format!("This path allows only {allow}.");
        let (status, title) = (StatusCode::METHOD_NOT_ALLOWED, "Method not allowed");
        Self {
            headers: HeaderValue::from_str(allow).map(|allow| (ALLOW, allow)).into_iter().collect(),
            ..Self::new(status, "method_not_allowed", title, detail)
        }
    }

    /// 409: the resource is in a state that does not allow this.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, "Conflict", detail)
    }

    /// 410: the resource existed and is permanently gone.
    pub fn gone(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::GONE, "gone", "Gone", detail)
    }

    /// 413: the body is larger than `limit` bytes.
    #[must_use]
    pub fn too_large(limit: usize) -> Self {
        let detail = format!("The body may have at most {limit} bytes.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "Body too large", detail)
    }

    /// 429: the sender has reached its `limit` of requests a minute, until `wait` has passed. The
    /// headers round up to whole seconds, so a client that honours them is not refused again.
    #[must_use]
    pub fn too_many_requests(limit: u32, wait: Duration) -> Self {
        let seconds = wait.as_millis().div_ceil(1000);
        let seconds = || HeaderValue::from(u64::try_from(seconds).unwrap_or(u64::MAX));
        let detail = format!(
            "At most {limit} requests a minute are accepted from one address. Retry after the \
             seconds in Retry-After."
        );
        let header = |name, value: HeaderValue| (HeaderName::from_static(name), value);
        Self {
            headers: vec![
                (RETRY_AFTER, seconds()),
                header("ratelimit-limit", limit.into()),
                header("ratelimit-remaining", 0.into()),
                header("ratelimit-reset", seconds()),
            ],
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", "Too many requests", detail)
        }
    }

    /// 422: this deployment has no provider for jobs of `kind`.
    #[must_use]
    pub fn no_provider(kind: &str) -> Self {
        let detail = format!(
            "No provider of this deployment does jobs of the kind {kind}. Its operator can \
             configure one."
        );
        let (status, title) = (StatusCode::UNPROCESSABLE_ENTITY, "No provider");
        Self::new(status, "no_provider", title, detail)
    }

    /// 503: an internal or AWS call failed. `cause` is only logged.
    pub fn unavailable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            headers: vec![(RETRY_AFTER, 1.into())],
            cause: Some(cause.into()),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "Service unavailable",
                "The service is temporarily unavailable. Retry the same request; with an \
                 Idempotency-Key it takes effect once.",
            )
        }
    }

    /// The status code.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The internal cause, for the log.
    #[must_use]
    pub fn cause(&self) -> Option<&(dyn Error + Send + Sync)> {
        self.cause.as_deref()
    }

    /// The headers of the response.
    #[must_use]
    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers
    }

    /// The body. `error` repeats the title, for clients of the async TTS API v1 and senders of
    /// the scene service webhooks.
    #[must_use]
    pub fn body(&self, request_id: &str) -> Value {
        let mut body = json!({
            "type": format!("urn:hookreel:problem:{}", self.code),
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.detail,
            "code": self.code,
            "request_id": request_id,
            "error": self.title,
        });
        if let Some(field) = &self.field {
            body["field"] = json!(field);
        }
        body
    }
}

impl From<KeyReused> for Problem {
    /// 409: the idempotency key stands for another request.
    fn from(_: KeyReused) -> Self {
        Self::conflict(
            "idempotency_key_reused",
            "This Idempotency-Key was sent with another body within 24 hours. Use a new key.",
        )
    }
}

impl From<InvalidField> for Problem {
    /// 422: a field has a value that is not accepted.
    fn from(invalid: InvalidField) -> Self {
        let detail = format!("{} {}.", invalid.field, invalid.message);
        Self {
            field: Some(invalid.field.into()),
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_field", "Invalid field", detail)
        }
    }
}
