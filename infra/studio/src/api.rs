//! RunPod's serverless API: run, status, cancel, health.

use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::InvalidField;
use futures::stream;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::faults::Fault;
use crate::run_request::RunRequest;
use crate::state::StudioState;
use crate::task::{Status, Task};
use crate::{clipping, file, output, own_host, replicate, scenes, statistics, worker};

/// Largest body of `/run`, as RunPod documents it.
const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

/// The answer to a wrong API key.
pub(crate) const WRONG_KEY: &str = "the API key is missing or wrong";

/// Every route of the studio.
pub(crate) fn router(studio: &Arc<StudioState>) -> Router {
    let runpod = Router::new()
        .route("/v2/{endpoint}/run", post(run))
        .route("/v2/{endpoint}/status/{id}", get(status))
        .route("/v2/{endpoint}/cancel/{id}", post(cancel))
        .route("/v2/{endpoint}/health", get(health))
        .layer(from_fn_with_state(Arc::clone(studio), authorize));
    Router::new()
        .merge(runpod)
        .route("/output/{filename}", get(output::download))
        .route("/confirm-download/{job_id}", post(file::confirm))
        .route("/check-download/{job_id}", get(file::check))
        .route("/statistics", get(statistics::show))
        .with_state(Arc::clone(studio))
        .merge(scenes::router(studio))
        .merge(replicate::router(studio))
        .merge(clipping::router(studio))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn(refuse_foreign))
}

/// No page calls a provider.
async fn refuse_foreign(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match own_host::check(&parts, None, |_| false) {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(_) => refuse(StatusCode::FORBIDDEN, "this host or origin is not served here"),
    }
}

async fn authorize(
    State(studio): State<Arc<StudioState>>,
    request: Request,
    next: Next,
) -> Response {
    if bearer(request.headers()) == Some(studio.settings.api_key.expose()) {
        return next.run(request).await;
    }
    refuse(StatusCode::UNAUTHORIZED, WRONG_KEY)
}

/// The API key of a request.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

async fn run(State(studio): State<Arc<StudioState>>, body: Bytes) -> Response {
    let request: RunRequest = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &format!("bad request: {error}")),
    };
    let ordinal = studio.next_run();
    if studio.settings.faults.occurs(Fault::Refuse, ordinal) {
        return refuse(studio.settings.faults.refuse_status(), "the run was refused by a fault");
    }
    let id = format!("{}-u1", Uuid::now_v7());
    let job_id = request.input.get("job_id").and_then(Value::as_str).unwrap_or(&id).to_owned();
    tracing::info!(task = id, job = job_id, "accepted");
    studio.tasks.insert(Task::new(id.clone(), job_id, ordinal));
    studio.spawn(worker::run(Arc::clone(&studio), id.clone(), request));
    Json(json!({ "id": id, "status": Status::InQueue })).into_response()
}

async fn status(
    State(studio): State<Arc<StudioState>>,
    Path((_, id)): Path<(String, String)>,
) -> Response {
    match studio.tasks.read(&id, Task::body) {
        Some(body) => Json(body).into_response(),
        None => refuse(StatusCode::NOT_FOUND, "there is no such job"),
    }
}

async fn cancel(
    State(studio): State<Arc<StudioState>>,
    Path((_, id)): Path<(String, String)>,
) -> Response {
    match studio.tasks.change(&id, cancel_task) {
        Some(status) => Json(json!({ "id": id, "status": status })).into_response(),
        None => refuse(StatusCode::NOT_FOUND, "there is no such job"),
    }
}

/// Cancels `task` unless it has ended; its worker cleans up.
fn cancel_task(task: &mut Task) -> Status {
    if !task.status.is_terminal() {
        task.status = Status::Cancelled;
        task.cancellation.notify_one();
    }
    task.status
}

async fn health(State(studio): State<Arc<StudioState>>) -> Json<Value> {
    let tasks = studio.tasks.views();
    let count = |status| tasks.iter().filter(|task| task.status == status).count();
    let idle = studio.workers.available_permits();
    Json(json!({
        "jobs": {
            "completed": count(Status::Completed),
            "failed": count(Status::Failed) + count(Status::TimedOut),
            "inProgress": count(Status::InProgress),
            "inQueue": count(Status::InQueue),
            "retried": 0,
        },
        "workers": { "idle": idle, "running": studio.settings.workers.max(1) - idle },
    }))
}

/// The JSON object in `body`.
pub(crate) fn object(body: &[u8]) -> Result<Map<String, Value>, InvalidField> {
    serde_json::from_slice(body)
        .map_err(|error| InvalidField::new("body", format!("must be a JSON object ({error})")))
}

/// The answer to a body with a wrong field.
pub(crate) fn invalid(error: &InvalidField) -> Response {
    tracing::info!(%error, "refused");
    refuse(StatusCode::BAD_REQUEST, &error.to_string())
}

/// An answer that never arrives: the server cuts the connection before it has sent anything.
pub(crate) fn no_answer() -> Response {
    let cut = stream::once(async { Err::<Bytes, _>(io::Error::from(io::ErrorKind::BrokenPipe)) });
    Response::new(Body::from_stream(cut))
}

/// An error answer.
pub(crate) fn refuse(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}
