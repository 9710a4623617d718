//! `GET /output/{filename}`: every file that a task has made, and the forgers' ones.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, Response, header};
use axum::response::IntoResponse;

use crate::engine::forged_wav;
use crate::faults::Fault;
use crate::pod::Pod;
use crate::stored_file::{StoredFile, not_found};
use crate::{file, scenes};

const FORGED: &str = "forged_";

/// What a forger's file for task `id` is called.
pub(crate) fn forged_filename(id: &str) -> String {
    format!("{FORGED}{id}.wav")
}

/// Whether a file of that name was made by a studio.
pub(crate) fn is_ours(filename: &str) -> bool {
    file::is_ours(filename) || scenes::is_ours(filename)
}

/// A file that was asked for.
pub(crate) struct Asked {
    pub file: StoredFile,
    /// The place of its task in the order in which tasks came.
    pub ordinal: u64,
    /// Whether nobody has asked for it before.
    pub first: bool,
}

/// `GET /output/{filename}`.
pub(crate) async fn download(
    State(pod): State<Arc<Pod>>,
    Path(filename): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Response<Body> {
    let stem = filename.split('.').next().unwrap_or_default();
    if let Some(id) = stem.strip_prefix(FORGED) {
        pod.ledger.change(id, |task| task.forged_fetches += 1);
        pod.scenes.change(id, |task| task.forged_fetches += 1);
        return ([(header::CONTENT_TYPE, "audio/wav")], forged_wav()).into_response();
    }
    let found =
        file::find(&pod, &filename, &method).or_else(|| scenes::find(&pod, &filename, &method));
    let Some(Asked { file, ordinal, first }) = found else { return not_found() };
    let broken = first && pod.settings.faults.strikes(Fault::Truncate, ordinal);
    file.send(&headers, broken).await.unwrap_or_else(|error| {
        tracing::warn!(filename, %error, "file not sent");
        not_found()
    })
}
