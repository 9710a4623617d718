//! Creates predictions and trainings.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::response::IntoResponse;
use domain::InvalidField;
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::body::body;
use super::catalog::{Version, joined, object};
use super::deadline::cancel_after;
use super::problem::Problem;
use super::submission::{Submission, input, receiver};
use super::task::ReplicateTask;
use super::{sync, webhook, worker};
use crate::api::no_answer;
use crate::faults::Fault;
use crate::fields::Fields;
use crate::state::StudioState;

type Studio = State<Arc<StudioState>>;
type Answer = Result<Response<Body>, Problem>;
type ModelPath = Path<(String, String)>;

/// `POST /v1/predictions`
pub(super) async fn prediction(State(studio): Studio, headers: HeaderMap, body: Bytes) -> Answer {
    let members = object(&body)?;
    let fields = Fields::of(&members);
    let reference = fields.text("version")?;
    let reference = reference.ok_or_else(|| fields.wrong("version", "version is required"))?;
    let version = studio.replicate.catalog.version(reference);
    let version = version.ok_or_else(Problem::invalid_version)?;
    submit(&studio, &headers, Submission::new(version, &members, &headers)?).await
}

/// `POST /v1/models/{owner}/{name}/predictions`
pub(super) async fn official_prediction(
    State(studio): Studio,
    Path(path): ModelPath,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let version = studio.replicate.catalog.official(&joined(&path));
    let version = version.ok_or_else(Problem::not_found)?;
    submit(&studio, &headers, Submission::new(version, &object(&body)?, &headers)?).await
}

/// `POST /v1/deployments/{owner}/{name}/predictions`
pub(super) async fn deployed_prediction(
    State(studio): Studio,
    Path(path): ModelPath,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let name = joined(&path);
    let version = studio.replicate.catalog.deployed(&name).ok_or_else(Problem::not_found)?;
    let submission = Submission::new(version, &object(&body)?, &headers)?;
    submit(&studio, &headers, Submission { deployment: Some(name), ..submission }).await
}

/// `POST /v1/models/{owner}/{name}/versions/{version}/trainings`
pub(super) async fn training(
    State(studio): Studio,
    Path((owner, name, id)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let catalog = &studio.replicate.catalog;
    let reference = format!("{owner}/{name}:{id}");
    let version = catalog.version(&reference).ok_or_else(Problem::not_found)?;
    let members = object(&body)?;
    let fields = Fields::of(&members);
    let destination = fields.text("destination")?.map(str::to_owned);
    let destination =
        destination.ok_or_else(|| fields.wrong("destination", "destination is required"))?;
    if !catalog.is_destination(&destination) {
        let detail = "The specified training destination does not exist";
        return Err(Problem::new(StatusCode::NOT_FOUND, "Destination not found", detail));
    }
    let submission = Submission::new(version, &members, &headers)?;
    submit(&studio, &headers, Submission { destination: Some(destination), ..submission }).await
}

impl Submission {
    /// Of a prediction by that version.
    fn new(
        version: Version,
        body: &Map<String, Value>,
        headers: &HeaderMap,
    ) -> Result<Self, InvalidField> {
        Ok(Self {
            version,
            deployment: None,
            destination: None,
            input: input(body)?,
            receiver: receiver(body)?,
            cancel_after: cancel_after(headers)?,
        })
    }
}

async fn submit(studio: &Arc<StudioState>, headers: &HeaderMap, submission: Submission) -> Answer {
    let ordinal = studio.next_run();
    let faults = &studio.settings.faults;
    if faults.occurs(Fault::Refuse, ordinal) {
        return Err(Problem::refused(faults.refuse_status()));
    }
    let (id, submission) = (task_id(), Arc::new(submission));
    let now = studio.settings.replicate.clock.now();
    let task = ReplicateTask::new(id.clone(), ordinal, Arc::clone(&submission), now);
    let created = body(&task, &studio.base_url);
    if faults.occurs(Fault::LoseTask, ordinal) {
        tracing::info!(task = id, "lost by a fault");
        return Ok((StatusCode::CREATED, Json(created)).into_response());
    }
    tracing::info!(task = id, model = submission.version.model, "accepted");
    studio.replicate.tasks.insert(task);
    let (outbox, inbox) = mpsc::unbounded_channel();
    studio.spawn(webhook::send_all(Arc::clone(studio), id.clone(), inbox));
    studio.spawn(worker::run(Arc::clone(studio), id.clone(), submission, outbox));
    if faults.occurs(Fault::LoseAnswer, ordinal) {
        return Ok(no_answer());
    }
    if let Some(ended) = sync::wait(studio, &id, headers).await {
        return Ok((StatusCode::CREATED, Json(ended)).into_response());
    }
    Ok((StatusCode::CREATED, Json(created)).into_response())
}

/// 26 letters and digits, as Replicate's ids are.
fn task_id() -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let bits = Uuid::now_v7().as_u128();
    let digit = |place: u32| ALPHABET[(bits >> (5 * place) & 31) as usize];
    (0..26).rev().map(|place| char::from(digit(place))).collect()
}
