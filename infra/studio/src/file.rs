//! The speech worker's own routes (seed 000): the file, and the word that it has arrived.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method, Response, StatusCode, header};
use axum::response::IntoResponse;
use domain::tts::AudioFormat;
use futures::{StreamExt, stream};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, SeekFrom};
use tokio_util::io::ReaderStream;

use crate::engine::forged_wav;
use crate::faults::Fault;
use crate::pod::Pod;
use crate::range::{Part, part};
use crate::task::{Offer, Task};

const FORGED: &str = "forged_";
const SPOKEN: &str = "tts_";

/// What the file of task `id` is called.
pub(crate) fn filename(id: &str, format: AudioFormat) -> String {
    format!("{SPOKEN}{id}.{}", format.as_str())
}

/// Whether a file of that name was made by a studio.
pub(crate) fn is_ours(filename: &str) -> bool {
    filename.starts_with(SPOKEN)
}

/// What a forger's file for task `id` is called.
pub(crate) fn forged_filename(id: &str) -> String {
    format!("{FORGED}{id}.wav")
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
        return ([(header::CONTENT_TYPE, "audio/wav")], forged_wav()).into_response();
    }
    let id = stem.strip_prefix(SPOKEN).unwrap_or_default();
    let found = pod.ledger.change(id, |task| fetch(task, &filename, &method)).flatten();
    let Some((offer, first)) = found else { return not_found() };
    let ordinal = pod.ledger.read(id, |task| task.ordinal).unwrap_or_default();
    let broken = first && pod.settings.faults.strikes(Fault::Truncate, ordinal);
    send(&offer, &headers, broken).await.unwrap_or_else(|error| {
        tracing::warn!(task = id, %error, "file not sent");
        not_found()
    })
}

/// Counts one look at the file of `task`; says where it is and whether this is the first.
fn fetch(task: &mut Task, filename: &str, method: &Method) -> Option<(Offer, bool)> {
    let offer = task.offer.clone().filter(|offer| offer.filename == filename)?;
    if task.status.is_terminal() {
        return None;
    }
    task.fetches += u32::from(method == Method::GET);
    Some((offer, task.fetches == 1))
}

async fn send(offer: &Offer, headers: &HeaderMap, broken: bool) -> io::Result<Response<Body>> {
    let etag = format!("\"{}-{:x}\"", offer.filename, offer.bytes);
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    // A range of an older file is no use to anyone, so it is sent whole (RFC 9110, 13.1.5).
    let same_file = text(header::IF_RANGE).is_none_or(|known| known == etag);
    let range = text(header::RANGE).filter(|_| same_file);
    let (status, bytes) = match part(range, offer.bytes) {
        Part::Whole => (StatusCode::OK, 0..offer.bytes),
        Part::Bytes(bytes) => (StatusCode::PARTIAL_CONTENT, bytes),
        Part::Unsatisfiable => return Ok(unsatisfiable(offer.bytes)),
    };
    let mut response = Response::new(content(offer, bytes.clone(), broken).await?);
    *response.status_mut() = status;
    let mut set = |name, value: String| {
        if let Ok(value) = value.try_into() {
            response.headers_mut().insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, offer.content_type.to_owned());
    set(header::CONTENT_LENGTH, (bytes.end - bytes.start).to_string());
    set(header::ACCEPT_RANGES, "bytes".to_owned());
    set(header::ETAG, etag);
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {}-{}/{}", bytes.start, bytes.end - 1, offer.bytes);
        set(header::CONTENT_RANGE, range);
    }
    Ok(response)
}

/// `bytes` of the file, or where it is to break off, half of them and then an error, upon
/// which the server cuts the connection.
async fn content(offer: &Offer, bytes: Range<u64>, broken: bool) -> io::Result<Body> {
    let mut file = File::open(&offer.path).await?;
    file.seek(SeekFrom::Start(bytes.start)).await?;
    let length = bytes.end - bytes.start;
    if !broken {
        return Ok(Body::from_stream(ReaderStream::new(file.take(length))));
    }
    let half = ReaderStream::new(file.take(length / 2));
    let cut = stream::once(async {
        // The server flushes what it has when the body makes it wait; without that the
        // error would take the first half with it.
        tokio::task::yield_now().await;
        Err(io::Error::from(io::ErrorKind::BrokenPipe))
    });
    Ok(Body::from_stream(half.chain(cut)))
}

fn unsatisfiable(length: u64) -> Response<Body> {
    let range = [(header::CONTENT_RANGE, format!("bytes */{length}"))];
    (StatusCode::RANGE_NOT_SATISFIABLE, range).into_response()
}

fn not_found() -> Response<Body> {
    (StatusCode::NOT_FOUND, Json(json!({ "error": "not found" }))).into_response()
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
