//! The four routes of each scene service.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::InvalidField;
use serde_json::{Value, json};
use uuid::Uuid;

use super::body::body;
use super::order::Order;
use super::workspace::TASK;
use super::{SceneStatus, SceneTask, Service, worker};
use crate::api::{WRONG_KEY, bearer, invalid, object, refuse};
use crate::faults::Fault;
use crate::fields::Fields;
use crate::post::Signer;
use crate::state::StudioState;

/// One service of the studio.
#[derive(Clone)]
struct ServiceContext {
    studio: Arc<StudioState>,
    service: Service,
}

/// The routes of all three services.
pub(crate) fn router(studio: &Arc<StudioState>) -> Router {
    Service::ALL.into_iter().fold(Router::new(), |router, service| {
        router.nest(
            service.path(),
            service_routes(ServiceContext { studio: Arc::clone(studio), service }),
        )
    })
}

fn service_routes(context: ServiceContext) -> Router {
    Router::new()
        .route("/api/tasks", post(create))
        .route("/api/tasks/{id}", get(status))
        .route("/api/tasks/{id}/cancel", post(cancel))
        .route("/api/webhooks/register", post(register))
        .layer(from_fn_with_state(context.clone(), authorize))
        .with_state(context)
}

async fn authorize(
    State(context): State<ServiceContext>,
    request: Request,
    next: Next,
) -> Response {
    let key = context.studio.settings.scenes.of(context.service).api_key.as_ref();
    if key.is_some_and(|key| bearer(request.headers()) == Some(key.expose())) {
        return next.run(request).await;
    }
    refuse(StatusCode::UNAUTHORIZED, WRONG_KEY)
}

async fn create(
    State(ServiceContext { studio, service }): State<ServiceContext>,
    body: Bytes,
) -> Response {
    let order = object(&body).and_then(|body| Order::read(service, &body));
    let order = match order {
        Ok(order) => Arc::new(order),
        Err(error) => return invalid(&error),
    };
    let ordinal = studio.next_run();
    if studio.settings.faults.occurs(Fault::Refuse, ordinal) {
        return refuse(studio.settings.faults.refuse_status(), "the task was refused by a fault");
    }
    let id = format!("{TASK}{}", Uuid::now_v7().simple());
    let (project, scene) = (&order.project_id, order.scene_id());
    tracing::info!(task = id, ?service, project, scene, "accepted");
    studio.scenes.insert(SceneTask::new(id.clone(), ordinal, service, Arc::clone(&order)));
    studio.spawn(worker::run(Arc::clone(&studio), id.clone(), order));
    let answer = json!({ "task_id": id, "status": SceneStatus::Queued });
    (StatusCode::ACCEPTED, Json(answer)).into_response()
}

async fn status(State(context): State<ServiceContext>, Path(id): Path<String>) -> Response {
    let is_ours = |task: &SceneTask| task.service == context.service;
    match context.studio.scenes.read(&id, |task| is_ours(task).then(|| body(task))).flatten() {
        Some(body) => Json(body).into_response(),
        None => unknown(),
    }
}

async fn cancel(State(context): State<ServiceContext>, Path(id): Path<String>) -> Response {
    let is_ours = |task: &SceneTask| task.service == context.service;
    match context.studio.scenes.change(&id, |task| is_ours(task).then(|| task.cancel())).flatten() {
        Some(status) => Json(json!({ "task_id": id, "status": status })).into_response(),
        None => unknown(),
    }
}

async fn register(State(context): State<ServiceContext>, body: Bytes) -> Response {
    let registered = object(&body).and_then(|body| take_registration(&context, Fields::of(&body)));
    match registered {
        Ok(()) => Json(json!({ "registered": true })).into_response(),
        Err(error) => invalid(&error),
    }
}

fn take_registration(context: &ServiceContext, fields: Fields) -> Result<(), InvalidField> {
    let url = fields.require_url("url")?;
    let known = context.service.events();
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
    context.studio.registrations.register(context.service, url, events, signer);
    Ok(())
}

fn unknown() -> Response {
    refuse(StatusCode::NOT_FOUND, "there is no such task")
}
