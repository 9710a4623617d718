//! The API token, which every request must carry: those for files, too.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use crate::state::StudioState;

/// Passes on a request with the right token, once what is due by the clock is done.
pub(super) async fn authorize(
    State(studio): State<Arc<StudioState>>,
    request: Request,
    next: Next,
) -> Response {
    match check(&studio, request.headers()) {
        Ok(()) => {
            studio.replicate.settle(&studio.settings.replicate);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

/// Checks `Authorization: Bearer` or, as older clients send it, `Authorization: Token`.
pub(super) fn check(studio: &StudioState, headers: &HeaderMap) -> Result<(), Problem> {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let detail = match header.and_then(|header| header.split_once(' ')) {
        Some(("Bearer" | "Token", token)) if is_right(studio, token) => return Ok(()),
        Some(_) => "You did not pass a valid authentication token",
        None => "You did not pass an authentication token",
    };
    Err(Problem::new(StatusCode::UNAUTHORIZED, "Unauthenticated", detail))
}

fn is_right(studio: &StudioState, token: &str) -> bool {
    let right = studio.settings.replicate.api_token.as_ref();
    right.is_some_and(|right| right.expose() == token.trim())
}
