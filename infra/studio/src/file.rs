//! The routes of the RunPod worker callback: the file's download and its confirmation.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{Method, Response, StatusCode};
use axum::response::IntoResponse;
use domain::tts::AudioFormat;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::output::RequestedFile;
use crate::state::StudioState;
use crate::stored_file::not_found;
use crate::task::Task;

const SPOKEN: &str = "tts_";

/// The name of the file of task `id`.
pub(crate) fn filename(id: &str, format: AudioFormat) -> String {
    format!("{SPOKEN}{id}.{}", format.as_str())
}

/// Whether a speech worker made the file of that name.
pub(crate) fn is_ours(filename: &str) -> bool {
    filename.starts_with(SPOKEN)
}

/// The file of that name, while it waits to be downloaded; counts the download.
pub(crate) fn find(studio: &StudioState, filename: &str, method: &Method) -> Option<RequestedFile> {
    let id = filename.split('.').next()?.strip_prefix(SPOKEN)?;
    studio.tasks.change(id, |task| fetch(task, filename, method)).flatten()
}

fn fetch(task: &mut Task, filename: &str, method: &Method) -> Option<RequestedFile> {
    let output = task.output.as_ref().filter(|output| output.file.filename == filename)?;
    if task.status.is_terminal() {
        return None;
    }
    task.fetches += u32::from(method == Method::GET);
    Some(RequestedFile {
        file: output.file.clone(),
        ordinal: task.ordinal,
        first: task.fetches == 1,
    })
}

/// The task to confirm, because two tasks may serve one job.
#[derive(Debug, Deserialize)]
pub(crate) struct Confirmed {
    task: Option<String>,
}

/// `POST /confirm-download/{job_id}`. A second confirmation is answered as the first.
pub(crate) async fn confirm(
    State(studio): State<Arc<StudioState>>,
    Path(job_id): Path<String>,
    Query(confirmed): Query<Confirmed>,
    Json(body): Json<Value>,
) -> Response<Body> {
    if body["status"] != "downloaded" {
        let error = json!({ "error": "status must be \"downloaded\"" });
        return (StatusCode::BAD_REQUEST, Json(error)).into_response();
    }
    if studio.tasks.confirm(&job_id, confirmed.task.as_deref())
        || studio.tasks.is_confirmed(&job_id)
    {
        return Json(json!({ "success": true, "job_id": job_id })).into_response();
    }
    not_found()
}

/// `GET /check-download/{job_id}`.
pub(crate) async fn check(
    State(studio): State<Arc<StudioState>>,
    Path(job_id): Path<String>,
) -> Json<Value> {
    Json(json!({ "confirmed": studio.tasks.is_confirmed(&job_id) }))
}
