//! Serves a file: whole, in part, or broken off by a fault.

use std::io;
use std::ops::Range;
use std::path::PathBuf;

use axum::Json;
use axum::body::Body;
use axum::http::{HeaderMap, Response, StatusCode, header};
use axum::response::IntoResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::{StreamExt, stream};
use serde_json::json;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, SeekFrom};
use tokio_util::io::ReaderStream;

use crate::range::{Part, part};

/// A finished file in the work folder.
#[derive(Debug, Clone)]
pub(crate) struct StoredFile {
    /// The last part of its URL.
    pub filename: String,
    path: PathBuf,
    pub bytes: u64,
    content_type: &'static str,
}

impl StoredFile {
    /// The complete file at `path`.
    pub async fn at(path: PathBuf, content_type: &'static str) -> io::Result<Self> {
        let bytes = tokio::fs::metadata(&path).await?.len();
        let filename = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { filename, path, bytes, content_type })
    }

    /// Its content as a `data:` URI.
    pub async fn data_uri(&self) -> io::Result<String> {
        let content = STANDARD.encode(tokio::fs::read(&self.path).await?);
        Ok(format!("data:{};base64,{content}", self.content_type))
    }

    /// Answers a request with `headers`; breaks off halfway if `broken`.
    pub async fn send(&self, headers: &HeaderMap, broken: bool) -> io::Result<Response<Body>> {
        let etag = format!("\"{}-{:x}\"", self.filename, self.bytes);
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        // A range of another file is useless, so the file is sent whole (RFC 9110, 13.1.5).
        let same_file = text(header::IF_RANGE).is_none_or(|known| known == etag);
        let range = text(header::RANGE).filter(|_| same_file);
        let (status, bytes) = match part(range, self.bytes) {
            Part::Whole => (StatusCode::OK, 0..self.bytes),
            Part::Bytes(bytes) => (StatusCode::PARTIAL_CONTENT, bytes),
            Part::Unsatisfiable => return Ok(unsatisfiable(self.bytes)),
        };
        let mut response = Response::new(self.content(bytes.clone(), broken).await?);
        *response.status_mut() = status;
        let mut set = |name, value: String| {
            if let Ok(value) = value.try_into() {
                response.headers_mut().insert(name, value);
            }
        };
        set(header::CONTENT_TYPE, self.content_type.to_owned());
        set(header::CONTENT_LENGTH, (bytes.end - bytes.start).to_string());
        set(header::ACCEPT_RANGES, "bytes".to_owned());
        set(header::ETAG, etag);
        if status == StatusCode::PARTIAL_CONTENT {
            let range = format!("bytes {}-{}/{}", bytes.start, bytes.end - 1, self.bytes);
            set(header::CONTENT_RANGE, range);
        }
        Ok(response)
    }

    /// `bytes` of the file; if `broken`, half of them and then an error, at which the server cuts
    /// the connection.
    async fn content(&self, bytes: Range<u64>, broken: bool) -> io::Result<Body> {
        let mut file = File::open(&self.path).await?;
        file.seek(SeekFrom::Start(bytes.start)).await?;
        let length = bytes.end - bytes.start;
        if !broken {
            return Ok(Body::from_stream(ReaderStream::new(file.take(length))));
        }
        let half = ReaderStream::new(file.take(length / 2));
        let cut = stream::once(async {
            // The server flushes when the body makes it wait; without that the error would drop the
            // first half.
            tokio::task::yield_now().await;
            Err(io::Error::from(io::ErrorKind::BrokenPipe))
        });
        Ok(Body::from_stream(half.chain(cut)))
    }
}

fn unsatisfiable(length: u64) -> Response<Body> {
    let range = [(header::CONTENT_RANGE, format!("bytes */{length}"))];
    (StatusCode::RANGE_NOT_SATISFIABLE, range).into_response()
}

/// The answer for a missing file.
pub(crate) fn not_found() -> Response<Body> {
    (StatusCode::NOT_FOUND, Json(json!({ "error": "not found" }))).into_response()
}
