//! Writes files that come whole in one step. `s3s-fs` hands each of its dozen steps to another thread,
//! which for a small file costs several times the steps themselves: 0.4 ms of processor time in all.
//! This supports the plain request of the functions and leaves the same files.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::BytesMut;
use futures::TryStreamExt as _;
use http::HeaderName;
use md5::Digest as _;
use s3s::dto::{ETag, PutObjectInput, PutObjectOutput};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result, s3_error};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::objects::precondition_failed;
use super::place::{self, Place};
use crate::aws::Durability;

/// Largest file that is taken into memory, in bytes: functions send larger ones in parts.
const LARGEST: i64 = 16 * 1024 * 1024;

/// The headers of a plain request.
const HEADERS: [&str; 13] = [
    "amz-sdk-invocation-id",
    "amz-sdk-request",
    "authorization",
    "content-length",
    "content-type",
    "host",
    "if-none-match",
    "user-agent",
    "x-amz-checksum-sha256",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-user-agent",
];

/// Writes files into the folder of an object store.
pub(super) struct WholeFiles {
    folder: Arc<Path>,
    durability: Durability,
    /// Numbers temporary files.
    next: AtomicU64,
    /// Held while a file is written on the condition that there is none; `Objects` has the same.
    conditional: Arc<Mutex<()>>,
}

/// A file, ready to be written.
struct Whole {
    place: Place,
    temporary: PathBuf,
    content: BytesMut,
    durability: Durability,
}

impl WholeFiles {
    pub fn new(folder: &Path, conditional: Arc<Mutex<()>>, durability: Durability) -> Self {
        Self { folder: folder.into(), durability, next: AtomicU64::new(0), conditional }
    }

    /// Whether the request is one that is supported here.
    pub fn accepts(request: &S3Request<PutObjectInput>) -> bool {
        let PutObjectInput { key, content_length, checksum_sha256, .. } = &request.input;
        let is_known = |name: &HeaderName| HEADERS.contains(&name.as_str());
        checksum_sha256.is_some()
            && content_length.is_some_and(|length| length <= LARGEST)
            && request.headers.keys().all(is_known)
            && request.trailing_headers.is_none()
            && !key.ends_with('/')
            && Path::new(key).components().all(|part| matches!(part, Component::Normal(_)))
    }

    /// Writes the file. Its bucket must exist.
    pub async fn put(&self, input: PutObjectInput) -> S3Result<PutObjectOutput> {
        let PutObjectInput {
            body, bucket, key, content_type, checksum_sha256, if_none_match, ..
        } = input;
        let body = body.ok_or_else(|| s3_error!(IncompleteBody))?;
        let content = body
            .try_fold(BytesMut::new(), |mut whole, piece| async move {
                whole.extend_from_slice(&piece);
                Ok(whole)
            })
            .await
            .map_err(|error| S3Error::with_source(S3ErrorCode::IncompleteBody, error))?;
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (place, durability) = (Place::new(&self.folder, &bucket, &key), self.durability);
        let temporary = self.folder.join(place::temporary("whole", number));
        let attributes = content_type.map_or(json!({}), |kind| json!({ "content_type": kind }));
        let conditional = if_none_match.map(|_| Arc::clone(&self.conditional));
        let written = tokio::task::spawn_blocking(move || {
            let sha256 = BASE64_STANDARD.encode(sha2::Sha256::digest(&content));
            if checksum_sha256.is_some_and(|given| given != sha256) {
                return Err(s3_error!(BadDigest, "checksum_sha256 mismatch"));
            }
            let md5 = hex::encode(md5::Md5::digest(&content));
            let whole = Whole { place, temporary, content, durability };
            let internal = json!({ "e_tag": md5, "checksum_sha256": sha256 });
            let is_new = whole.write(&attributes, &internal, conditional.as_deref());
            if !is_new.map_err(S3Error::internal_error)? {
                return Err(precondition_failed());
            }
            Ok(PutObjectOutput {
                e_tag: Some(ETag::Strong(md5)),
                checksum_sha256: Some(sha256),
                ..PutObjectOutput::default()
            })
        });
        written.await.map_err(S3Error::internal_error)?
    }
}

impl Whole {
    /// Writes the file last, so that it never exists without its metadata. Returns whether there was
    /// none, if it is `conditional` on that; otherwise nothing is written.
    fn write(
        &self,
        attributes: &Value,
        internal: &Value,
        conditional: Option<&Mutex<()>>,
    ) -> io::Result<bool> {
        let _guard = conditional.map(Mutex::blocking_lock);
        if conditional.is_some() && self.place.file.exists() {
            return Ok(false);
        }
        self.describe(place::ATTRIBUTES, attributes)?;
        self.describe(place::INTERNAL, internal)?;
        place::write(&self.temporary, &self.content, self.durability)?;
        self.place.put(&self.temporary, self.durability)?;
        Ok(true)
    }

    /// Writes what is known of the file, by a rename if there is something: a reader gets the old
    /// content or the new.
    fn describe(&self, kind: &str, content: &Value) -> io::Result<()> {
        let (path, content) = (self.place.beside(kind), content.to_string());
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                file.write_all(content.as_bytes())?;
                self.durability.sync(&file)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                place::write(&self.temporary, content.as_bytes(), self.durability)?;
                fs::rename(&self.temporary, path)
            }
            Err(error) => Err(error),
        }
    }
}
