//! `GET /output/{filename}`: the files of all tasks, and those of forged webhooks.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, Method, Response, header};
use axum::response::IntoResponse;
use tempfile::TempPath;

use crate::engine::forged_wav;
use crate::faults::Fault;
use crate::state::StudioState;
use crate::stored_file::{StoredFile, not_found};
use crate::{clipping, file, replicate, scenes};

const FORGED: &str = "forged_";

/// The name of the file in a forged webhook for task `id`.
pub(crate) fn forged_filename(id: &str) -> String {
    format!("{FORGED}{id}.wav")
}

/// Whether a studio made the file of that name.
pub(crate) fn is_ours(filename: &str) -> bool {
    file::is_ours(filename)
        || scenes::is_ours(filename)
        || replicate::is_ours(filename)
        || clipping::is_ours(filename)
}

/// A requested file.
pub(crate) struct RequestedFile {
    pub file: StoredFile,
    /// Its task's place in the order of creation.
    pub ordinal: u64,
    /// Whether this is the first request for it.
    pub first: bool,
}

/// A finished file of a task, which dropping this deletes.
#[derive(Debug)]
pub(crate) struct KeptFile {
    pub file: StoredFile,
    /// Its URL.
    pub url: String,
    /// How often it was requested.
    pub fetches: u32,
    #[expect(dead_code, reason = "the file is deleted when this is dropped")]
    path: TempPath,
}

impl KeptFile {
    /// Not requested yet.
    pub const fn new(file: StoredFile, url: String, path: TempPath) -> Self {
        Self { file, url, fetches: 0, path }
    }

    /// Its size in bytes.
    pub const fn bytes(&self) -> u64 {
        self.file.bytes
    }

    /// Whether it has that name.
    pub fn is_named(&self, filename: &str) -> bool {
        self.file.filename == filename
    }

    /// Counts a request for it in the task of that place in the order of creation.
    pub fn request(&mut self, ordinal: u64, method: &Method) -> RequestedFile {
        self.fetches += u32::from(method == Method::GET);
        RequestedFile { file: self.file.clone(), ordinal, first: self.fetches == 1 }
    }
}

/// `GET /output/{filename}`.
pub(crate) async fn download(
    State(studio): State<Arc<StudioState>>,
    Path(filename): Path<String>,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Response<Body> {
    let stem = filename.split('.').next().unwrap_or_default();
    if let Some(id) = stem.strip_prefix(FORGED) {
        studio.tasks.change(id, |task| task.forged_fetches += 1);
        studio.scenes.change(id, |task| task.forged_fetches += 1);
        studio.replicate.tasks.change(id, |task| task.forged_fetches += 1);
        studio.clipping.tasks.change(id, |task| task.forged_fetches += 1);
        return ([(header::CONTENT_TYPE, "audio/wav")], forged_wav()).into_response();
    }
    let of_replicate = match replicate::download(&studio, &filename, &method, &headers) {
        Ok(found) => found,
        Err(problem) => return problem.into_response(),
    };
    let query = query.unwrap_or_default();
    let clip = match clipping::download(&studio, &filename, &query, &method) {
        Ok(found) => found,
        Err(refused) => return refused.into_response(),
    };
    let found = of_replicate
        .or(clip)
        .or_else(|| file::find(&studio, &filename, &method))
        .or_else(|| scenes::find(&studio, &filename, &method));
    let Some(RequestedFile { file, ordinal, first }) = found else { return not_found() };
    let broken = first && studio.settings.faults.occurs(Fault::Truncate, ordinal);
    file.send(&headers, broken).await.unwrap_or_else(|error| {
        tracing::warn!(filename, %error, "file not sent");
        not_found()
    })
}
