//! Error responses: `application/problem+json` (RFC 9457).

use std::error::Error;
use std::time::Duration;

use domain::idempotency::KeyReused;
use domain::{InvalidField, named};
use http::header::{ALLOW, RETRY_AFTER};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

named! {
    /// What is wrong, as a word for programs.
    #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
    pub enum ProblemCode {
        /// The body is not a JSON object.
        InvalidJson = "invalid_json",
        /// A field is missing or has a value that is not accepted; `field` names it.
        InvalidField = "invalid_field",
        /// The caller is not authenticated.
        Unauthorized = "unauthorized",
        /// The key does not allow this.
        Forbidden = "forbidden",
        /// There is no such resource of the caller's.
        NotFound = "not_found",
        /// The path does not have this method; the header `Allow` lists those that it has.
        MethodNotAllowed = "method_not_allowed",
        /// It existed and was erased.
        Gone = "gone",
        /// The body has too many bytes.
        BodyTooLarge = "body_too_large",
        /// Too many requests; `Retry-After` says when to come again.
        RateLimited = "rate_limited",
        /// No provider of this deployment does such jobs.
        NoProvider = "no_provider",
        /// Temporarily unavailable; send the same request again.
        Unavailable = "unavailable",
        /// The idempotency key was sent with another body.
        IdempotencyKeyReused = "idempotency_key_reused",
        /// The job has ended, or its result is being stored.
        TooLateToCancel = "too_late_to_cancel",
        /// Only what has ended can be erased.
        NotEnded = "not_ended",
        /// The job is a step; its project can be cancelled or erased.
        BelongsToProject = "belongs_to_project",
        /// The project is cancelled.
        ProjectCancelled = "project_cancelled",
        /// Only a project that failed can be resumed.
        NotFailed = "not_failed",
        /// A scene can be made anew once it has begun.
        SceneNotBegun = "scene_not_begun",
        /// A step before it has no file yet.
        EarlierStepMissing = "earlier_step_missing",
        /// Its owner erased it.
        Erased = "erased",
        /// The files are not stored yet.
        NotReady = "not_ready",
        /// The job ended without files.
        NoOutput = "no_output",
        /// The endpoint has to be enabled first.
        EndpointDisabled = "endpoint_disabled",
        /// There can be no more endpoints.
        TooManyEndpoints = "too_many_endpoints",
        /// There can be no more secrets that sign at once.
        TooManySecrets = "too_many_secrets",
        /// A connection can subscribe to no more topics.
        TooManyTopics = "too_many_topics",
        /// The secret was rotated too often within a day.
        TooManyRotations = "too_many_rotations",
    }
}

/// The body of an error response. `error` repeats the title, for clients of the async TTS API v1 and
/// senders of the scene service webhooks.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Problem"))]
pub struct ProblemBody<'a> {
    /// `urn:hookreel:problem:` and the code.
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    status: u16,
    /// A sentence that says what to do about it.
    detail: &'a str,
    code: ProblemCode,
    /// What to name when asking about it.
    request_id: &'a str,
    /// The title once more.
    error: &'a str,
    /// The field at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
}

/// A failed request. The cause is kept apart from what clients read, and only logged.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    code: ProblemCode,
    title: &'static str,
    detail: String,
    field: Option<Box<str>>,
    headers: Vec<(HeaderName, HeaderValue)>,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Problem {
    fn new(
        status: StatusCode,
        code: ProblemCode,
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
    pub fn bad_request(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, "Bad request", detail)
    }

    /// 400: a field of a provider's webhook is missing or wrong.
    pub fn bad_field(invalid: InvalidField) -> Self {
        let detail = format!("{} {}.", invalid.field, invalid.message);
        Self {
            field: Some(invalid.field.into()),
            ..Self::bad_request(ProblemCode::InvalidField, detail)
        }
    }

    /// 401: the caller is not authenticated.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, ProblemCode::Unauthorized, "Unauthorized", detail)
    }

    /// 403: the caller is authenticated, but not allowed to do this.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, ProblemCode::Forbidden, "Forbidden", detail)
    }

    /// 404: absent, or another owner's. Clients cannot tell the two apart.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, ProblemCode::NotFound, "Not found", detail)
    }

    /// 405: the path allows only the methods in `allow`, separated by commas.
    pub fn method_not_allowed(allow: &str) -> Self {
        let detail = format!("This path allows only {allow}.");
        let (status, title) = (StatusCode::METHOD_NOT_ALLOWED, "Method not allowed");
        Self {
            headers: HeaderValue::from_str(allow).map(|allow| (ALLOW, allow)).into_iter().collect(),
            ..Self::new(status, ProblemCode::MethodNotAllowed, title, detail)
        }
    }

    /// 409: the resource is in a state that does not allow this.
    pub fn conflict(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, "Conflict", detail)
    }

    /// 410: the resource existed and is permanently gone.
    pub fn gone(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::GONE, ProblemCode::Gone, "Gone", detail)
    }

    /// 413: the body is larger than `limit` bytes.
    pub fn too_large(limit: usize) -> Self {
        let detail = format!("The body may have at most {limit} bytes.");
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            ProblemCode::BodyTooLarge,
            "Body too large",
            detail,
        )
    }

    /// 429: the sender has reached its `limit` of requests a minute, until `wait` has passed. The
    /// headers round up to whole seconds, so a client that honours them is not refused again.
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
            ..Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                ProblemCode::RateLimited,
                "Too many requests",
                detail,
            )
        }
    }

    /// 422: this deployment has no provider for jobs of `kind`.
    pub fn no_provider(kind: &str) -> Self {
        let detail = format!(
            "No provider of this deployment does jobs of the kind {kind}. Its operator can \
             configure one."
        );
        let (status, title) = (StatusCode::UNPROCESSABLE_ENTITY, "No provider");
        Self::new(status, ProblemCode::NoProvider, title, detail)
    }

    /// 503: an internal or AWS call failed. `cause` is only logged.
    pub fn unavailable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            headers: vec![(RETRY_AFTER, 1.into())],
            cause: Some(cause.into()),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                ProblemCode::Unavailable,
                "Service unavailable",
                "The service is temporarily unavailable. Retry the same request; with an \
                 Idempotency-Key it takes effect once.",
            )
        }
    }

    /// The status code.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// What is wrong, as a word for programs.
    pub const fn code(&self) -> ProblemCode {
        self.code
    }

    /// What is wrong, as a sentence for the client.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The field at fault.
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// The internal cause, for the log.
    pub fn cause(&self) -> Option<&(dyn Error + Send + Sync)> {
        self.cause.as_deref()
    }

    /// The headers of the response.
    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers
    }

    /// The body.
    pub fn body<'a>(&'a self, request_id: &'a str) -> ProblemBody<'a> {
        ProblemBody {
            kind: format!("urn:hookreel:problem:{}", self.code),
            title: self.title,
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code,
            request_id,
            error: self.title,
            field: self.field.as_deref(),
        }
    }
}

impl From<KeyReused> for Problem {
    /// 409: the idempotency key stands for another request.
    fn from(_: KeyReused) -> Self {
        Self::conflict(
            ProblemCode::IdempotencyKeyReused,
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
            ..Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                ProblemCode::InvalidField,
                "Invalid field",
                detail,
            )
        }
    }
}
