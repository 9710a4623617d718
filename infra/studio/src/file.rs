//! The speech worker's own file (seed 000): where it is, and the word that it has arrived.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{Method, Response, StatusCode};
use axum::response::IntoResponse;
use domain::tts::AudioFormat;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::output::Asked;
use crate::pod::Pod;
use crate::stored_file::not_found;
use crate::task::Task;

const SPOKEN: &str = "tts_";

/// What the file of task `id` is called.
pub(crate) fn filename(id: &str, format: AudioFormat) -> String {
    format!("{SPOKEN}{id}.{}", format.as_str())
}

/// Whether a file of that name was made by a speech worker.
pub(crate) fn is_ours(filename: &str) -> bool {
    filename.starts_with(SPOKEN)
}

/// The spoken file of that name, while it waits to be fetched; counts the look at it.
pub(crate) fn find(pod: &Pod, filename: &str, method: &Method) -> Option<Asked> {
    let id = filename.split('.').next()?.strip_prefix(SPOKEN)?;
    pod.ledger.change(id, |task| fetch(task, filename, method)).flatten()
}

fn fetch(task: &mut Task, filename: &str, method: &Method) -> Option<Asked> {
    let offer = task.offer.as_ref().filter(|offer| offer.file.filename == filename)?;
    if task.status.is_terminal() {
        return None;
    }
    task.fetches += u32::from(method == Method::GET);
    Some(Asked { file: offer.file.clone(), ordinal: task.ordinal, first: task.fetches == 1 })
}

/// Names the task that a confirmation is for, since two tasks may serve one job.
#[derive(Debug, Deserialize)]
pub(crate) struct Confirmed {
    task: Option<String>,
}

/// `POST /confirm-download/{job_id}`. A second confirmation is answered as the first.
pub(crate) async fn confirm(
    State(pod): State<Arc<Pod>>,
    Path(job_id): Path<String>,
    Query(confirmed): Query<Confirmed>,
    Json(body): Json<Value>,
) -> Response<Body> {
    if body["status"] != "downloaded" {
        let error = json!({ "error": "status must be \"downloaded\"" });
        return (StatusCode::BAD_REQUEST, Json(error)).into_response();
    }
    if pod.ledger.confirm(&job_id, confirmed.task.as_deref()) || pod.ledger.is_confirmed(&job_id) {
        return Json(json!({ "success": true, "job_id": job_id })).into_response();
    }
    not_found()
}

/// `GET /check-download/{job_id}`.
pub(crate) async fn check(State(pod): State<Arc<Pod>>, Path(job_id): Path<String>) -> Json<Value> {
    Json(json!({ "confirmed": pod.ledger.is_confirmed(&job_id) }))
}
