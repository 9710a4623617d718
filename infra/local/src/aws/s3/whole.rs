//! Writes files that come whole in one step. `s3s-fs` hands each of its dozen steps to another thread,
//! which for a small file costs several times the steps themselves: 0.4 ms of processor time in all.
//! This supports the plain request of the functions and leaves the same files.

use std::io;
use std::path::{Component, Path};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::BytesMut;
use futures::TryStreamExt as _;
use http::HeaderName;
use md5::Digest as _;
use s3s::dto::{ETag, PutObjectInput, PutObjectOutput};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result, s3_error};
use serde_json::json;

use super::objects::precondition_failed;
use super::place::Folder;

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

impl Folder {
    /// Whether the request is one that is supported here.
    pub(super) fn takes_whole(request: &S3Request<PutObjectInput>) -> bool {
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
    pub(super) async fn put_whole(&self, input: PutObjectInput) -> S3Result<PutObjectOutput> {
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
        let (place, folder) = (self.place(&bucket, &key), self.clone());
        let attributes = content_type.map_or(json!({}), |kind| json!({ "content_type": kind }));
        let written = tokio::task::spawn_blocking(move || {
            let sha256 = BASE64_STANDARD.encode(sha2::Sha256::digest(&content));
            if checksum_sha256.is_some_and(|given| given != sha256) {
                return Err(s3_error!(BadDigest, "checksum_sha256 mismatch"));
            }
            let md5 = hex::encode(md5::Md5::digest(&content));
            let internal = json!({ "e_tag": md5, "checksum_sha256": sha256 });
            let put = || -> io::Result<bool> {
                let about = (
                    folder.written(attributes.to_string().as_bytes())?,
                    folder.written(internal.to_string().as_bytes())?,
                );
                let content = folder.written(&content)?;
                folder.put(&place, content, about, if_none_match.is_some())
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
