//! Writes files that come whole in one step. `s3s-fs` hands each of its dozen steps to another thread,
//! which for a small file costs several times the steps themselves: 0.4 ms of processor time in all.
//! This supports the plain request of the functions and leaves the same files.

use std::io;
use std::path::{Component, Path};
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::BytesMut;
use futures::TryStreamExt as _;
use http::HeaderName;
use md5::Digest as _;
use s3s::dto::{ETag, PutObjectInput, PutObjectOutput};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result, s3_error};
use serde_json::json;
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
    /// Held while a file is written on the condition that there is none; `Objects` has the same.
    conditional: Arc<Mutex<()>>,
}

impl WholeFiles {
    pub fn new(folder: &Path, conditional: Arc<Mutex<()>>, durability: Durability) -> Self {
        Self { folder: folder.into(), durability, conditional }
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
        let (place, durability) = (Place::new(&self.folder, &bucket, &key), self.durability);
        let attributes = content_type.map_or(json!({}), |kind| json!({ "content_type": kind }));
        let conditional = if_none_match.map(|_| Arc::clone(&self.conditional));
        let written = tokio::task::spawn_blocking(move || {
            let sha256 = BASE64_STANDARD.encode(sha2::Sha256::digest(&content));
            if checksum_sha256.is_some_and(|given| given != sha256) {
                return Err(s3_error!(BadDigest, "checksum_sha256 mismatch"));
            }
            let md5 = hex::encode(md5::Md5::digest(&content));
            let internal = json!({ "e_tag": md5, "checksum_sha256": sha256 });
            let put = || -> io::Result<bool> {
                let written = |content: &[u8]| place::written(&place.folder, content, durability);
                let about = (
                    written(attributes.to_string().as_bytes())?,
                    written(internal.to_string().as_bytes())?,
                );
                place.put(written(&content)?, about, conditional.as_deref(), durability)
            };
            if !put().map_err(S3Error::internal_error)? {
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
