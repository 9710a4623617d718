//! The three routes of the clipping worker.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::file::TASK;
use super::order::Order;
use super::task::ClippingTask;
use super::{ClippingStatus, payload, webhook, worker};
use crate::api::{WRONG_KEY, bearer, invalid, no_answer, object, refuse};
use crate::faults::Fault;
use crate::state::StudioState;

/// The worker's path below the studio's URL.
pub(crate) const PATH: &str = "/clipping";

type Studio = State<Arc<StudioState>>;

/// Its routes.
pub(crate) fn router(studio: &Arc<StudioState>) -> Router {
    let routes = Router::new()
        .route("/ai-clipping/jobs", post(create))
        .route("/ai-clipping/jobs/{id}", get(status).delete(cancel))
        .layer(from_fn_with_state(Arc::clone(studio), authorize))
        .with_state(Arc::clone(studio));
    Router::new().nest(PATH, routes)
}

async fn authorize(State(studio): Studio, request: Request, next: Next) -> Response {
    let key = studio.settings.clipping.api_key.as_ref();
    if key.is_some_and(|key| bearer(request.headers()) == Some(key.expose())) {
        return next.run(request).await;
    }
    refuse(StatusCode::UNAUTHORIZED, WRONG_KEY)
}

async fn create(State(studio): Studio, body: Bytes) -> Response {
    let order = match object(&body).and_then(|body| Order::read(&body)) {
        Ok(order) => Arc::new(order),
        Err(error) => return invalid(&error),
    };
    let ordinal = studio.next_run();
    let faults = &studio.settings.faults;
    if faults.occurs(Fault::Refuse, ordinal) {
        return refuse(faults.refuse_status(), "the job was refused by a fault");
    }
    let id = format!("{TASK}{}", Uuid::now_v7().simple());
    let answer = json!({ "job_id": id, "status": ClippingStatus::Queued });
    let accepted = (StatusCode::ACCEPTED, Json(answer)).into_response();
    if faults.occurs(Fault::LoseTask, ordinal) {
        tracing::info!(task = id, "lost by a fault");
        return accepted;
    }
    tracing::info!(task = id, job = order.external_job_id, "accepted");
    studio.clipping.tasks.insert(ClippingTask::new(id.clone(), ordinal, Arc::clone(&order)));
    let (outbox, inbox) = mpsc::unbounded_channel();
    studio.spawn(webhook::send_all(Arc::clone(&studio), id.clone(), inbox));
    studio.spawn(worker::run(Arc::clone(&studio), id, order, outbox));
    if faults.occurs(Fault::LoseAnswer, ordinal) { no_answer() } else { accepted }
}

async fn status(State(studio): Studio, Path(id): Path<String>) -> Response {
    let (now, links) = (studio.settings.clipping.clock.now(), &studio.clipping.links);
    let body = studio
        .clipping
        .tasks
        .read(&id, |task| Json(payload::status(task, links, now)).into_response());
    body.unwrap_or_else(unknown)
}

async fn cancel(State(studio): Studio, Path(id): Path<String>) -> Response {
    match studio.clipping.tasks.change(&id, ClippingTask::cancel) {
        Some(status) => Json(json!({ "job_id": id, "status": status })).into_response(),
        None => unknown(),
    }
}

fn unknown() -> Response {
    refuse(StatusCode::NOT_FOUND, "there is no such job")
}
