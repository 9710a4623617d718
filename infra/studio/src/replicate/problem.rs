//! Replicate's errors: `application/problem+json`.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::InvalidField;
use serde_json::{Value, json};

/// When a throttled client may try again, in seconds.
const RETRY_AFTER: u32 = 30;

/// An error answer.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    body: Value,
}

impl Problem {
    pub fn new(status: StatusCode, title: &str, detail: &str) -> Self {
        let body = json!({ "title": title, "detail": detail, "status": status.as_u16() });
        Self { status, body }
    }

    /// A task, model or deployment that does not exist.
    pub fn not_found() -> Self {
        let detail = "The requested resource could not be found.";
        Self::new(StatusCode::NOT_FOUND, "Not found", detail)
    }

    /// A version that does not exist, in the body of a request.
    pub fn invalid_version() -> Self {
        let detail = "The specified version does not exist (or perhaps you don't have permission \
                      to use it?)";
        let title = "Invalid version or not permitted";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, title, detail)
    }

    /// The refusal of a request, by a fault, with `status`.
    pub fn refused(status: StatusCode) -> Self {
        match status {
            StatusCode::PAYMENT_REQUIRED => Self::new(
                status,
                "Insufficient credit",
                "You have insufficient credit to run this model. Go to \
                 https://replicate.com/account/billing#billing to purchase credit.",
            ),
            StatusCode::UNPROCESSABLE_ENTITY => {
                InvalidField::new("input", "prompt is required").into()
            }
            StatusCode::TOO_MANY_REQUESTS => Self::throttled(),
            StatusCode::NOT_FOUND => Self::not_found(),
            _ => Self::new(status, "Internal server error", "The request was refused by a fault"),
        }
    }

    /// Replicate gives it no title.
    fn throttled() -> Self {
        let status = StatusCode::TOO_MANY_REQUESTS;
        let detail = format!("Request was throttled. Your rate limit resets in ~{RETRY_AFTER}s.");
        let body =
            json!({ "detail": detail, "status": status.as_u16(), "retry_after": RETRY_AFTER });
        Self { status, body }
    }
}

impl From<InvalidField> for Problem {
    fn from(error: InvalidField) -> Self {
        let InvalidField { field, message } = error;
        let kind = if message.contains("required") || message.contains("missing") {
            "required"
        } else {
            "invalid_type"
        };
        let detail = format!("- {field}: {message}\n");
        let mut problem =
            Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Input validation failed", &detail);
        problem.body["invalid_fields"] =
            json!([{ "type": kind, "field": field, "description": message }]);
        problem
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        tracing::info!(status = self.status.as_u16(), "refused");
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        (self.status, kind, Json(self.body)).into_response()
    }
}
