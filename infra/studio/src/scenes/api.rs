//! The four routes that each scene service has below its path.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::InvalidField;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::bench::TASK;
use super::body::body;
use super::order::Order;
use super::{SceneStatus, SceneTask, Service, worker};
use crate::api::{WRONG_KEY, bearer, refuse};
use crate::faults::Fault;
use crate::fields::Fields;
use crate::pod::Pod;
use crate::post::Signer;

/// One service of a studio.
#[derive(Clone)]
struct Desk {
    pod: Arc<Pod>,
    service: Service,
}

/// The routes of all three.
pub(crate) fn router(pod: &Arc<Pod>) -> Router {
    Service::ALL.into_iter().fold(Router::new(), |router, service| {
        router.nest(service.path(), desk(Desk { pod: Arc::clone(pod), service }))
    })
}

fn desk(desk: Desk) -> Router {
    Router::new()
        .route("/api/tasks", post(create))
        .route("/api/tasks/{id}", get(status))
        .route("/api/tasks/{id}/cancel", post(cancel))
        .route("/api/webhooks/register", post(register))
        .layer(from_fn_with_state(desk.clone(), authorize))
        .with_state(desk)
}

async fn authorize(State(desk): State<Desk>, request: Request, next: Next) -> Response {
    let key = desk.pod.settings.scenes.of(desk.service).api_key.as_ref();
    if key.is_some_and(|key| bearer(request.headers()) == Some(key.expose())) {
        return next.run(request).await;
    }
    refuse(StatusCode::UNAUTHORIZED, WRONG_KEY)
}

async fn create(State(Desk { pod, service }): State<Desk>, body: Bytes) -> Response {
    let order = object(&body).and_then(|body| Order::read(service, &body));
    let order = match order {
        Ok(order) => Arc::new(order),
        Err(error) => return invalid(&error),
    };
    let ordinal = pod.next_run();
    if pod.settings.faults.strikes(Fault::Refuse, ordinal) {
        return refuse(StatusCode::INTERNAL_SERVER_ERROR, "the task was refused on purpose");
    }
    let id = format!("{TASK}{}", Uuid::now_v7().simple());
    let (project, scene) = (&order.project_id, order.scene_id());
    tracing::info!(task = id, ?service, project, scene, "accepted");
    pod.scenes.insert(SceneTask::new(id.clone(), ordinal, service, Arc::clone(&order)));
    pod.spawn(worker::run(Arc::clone(&pod), id.clone(), order));
    let answer = json!({ "task_id": id, "status": SceneStatus::Queued });
    (StatusCode::ACCEPTED, Json(answer)).into_response()
}

async fn status(State(desk): State<Desk>, Path(id): Path<String>) -> Response {
    let is_ours = |task: &SceneTask| task.service == desk.service;
    match desk.pod.scenes.read(&id, |task| is_ours(task).then(|| body(task))).flatten() {
        Some(body) => Json(body).into_response(),
        None => unknown(),
    }
}

async fn cancel(State(desk): State<Desk>, Path(id): Path<String>) -> Response {
    let is_ours = |task: &SceneTask| task.service == desk.service;
    match desk.pod.scenes.change(&id, |task| is_ours(task).then(|| task.cancel())).flatten() {
        Some(status) => Json(json!({ "task_id": id, "status": status })).into_response(),
        None => unknown(),
    }
}

async fn register(State(desk): State<Desk>, body: Bytes) -> Response {
    let registered = object(&body).and_then(|body| take_registration(&desk, Fields::of(&body)));
    match registered {
        Ok(()) => Json(json!({ "registered": true })).into_response(),
        Err(error) => invalid(&error),
    }
}

fn take_registration(desk: &Desk, fields: Fields) -> Result<(), InvalidField> {
    let url = fields.require_url("url")?;
    let known = desk.service.events();
    let wrong = || fields.wrong("events", format!("must hold some of {}", known.join(", ")));
    let events = fields.require("events")?.as_array().ok_or_else(wrong)?;
    let name = |event: &Value| {
        event.as_str().filter(|event| known.contains(event)).map(str::to_owned).ok_or_else(wrong)
    };
    let events = events.iter().map(name).collect::<Result<Vec<_>, _>>()?;
    if events.is_empty() {
        return Err(wrong());
    }
    let signer = match fields.get("secret") {
        None => None,
        Some(_) => Some(
            Signer::plain(fields.require_text("secret")?.as_bytes())
                .map_err(|error| fields.wrong("secret", error.to_string()))?,
        ),
    };
    desk.pod.registrations.register(desk.service, url, events, signer);
    Ok(())
}

fn object(body: &[u8]) -> Result<Map<String, Value>, InvalidField> {
    serde_json::from_slice(body)
        .map_err(|error| InvalidField::new("body", format!("must be a JSON object ({error})")))
}

fn invalid(error: &InvalidField) -> Response {
    tracing::info!(%error, "refused");
    refuse(StatusCode::BAD_REQUEST, &error.to_string())
}

fn unknown() -> Response {
    refuse(StatusCode::NOT_FOUND, "there is no such task")
}
