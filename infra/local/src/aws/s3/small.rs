//! Writes small files in one step. `s3s-fs` hands each of its dozen steps to another thread, which
//! for a small file costs several times the steps themselves: 0.4 ms of processor time in all. This
//! supports the plain request of the functions and leaves the same files.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use bytes::BytesMut;
use futures::TryStreamExt as _;
use http::HeaderName;
use md5::Digest as _;
use s3s::dto::{ETag, PutObjectInput, PutObjectOutput};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result, s3_error};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::objects::precondition_failed;

/// Largest file that counts as small, in bytes.
const SMALL: i64 = 256 * 1024;

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

/// Writes small files into the folder of an object store.
pub(super) struct SmallFiles {
    folder: Arc<Path>,
    /// Numbers temporary files.
    next: AtomicU64,
    /// Held while a file is written on the condition that there is none; `Objects` has the same.
    conditional: Arc<Mutex<()>>,
}

/// A file and its metadata, ready to be written.
struct Small {
    path: PathBuf,
    /// The common start of the metadata paths of `s3s-fs`.
    beside: PathBuf,
    temporary: PathBuf,
    content: BytesMut,
    attributes: Value,
    internal: Value,
}

impl SmallFiles {
    pub fn new(folder: &Path, conditional: Arc<Mutex<()>>) -> Self {
        Self { folder: folder.into(), next: AtomicU64::new(0), conditional }
    }

    /// Whether the request is one that is supported here.
    pub fn accepts(request: &S3Request<PutObjectInput>) -> bool {
        let PutObjectInput { key, content_length, checksum_sha256, .. } = &request.input;
        let is_known = |name: &HeaderName| HEADERS.contains(&name.as_str());
        checksum_sha256.is_some()
            && content_length.is_some_and(|length| length <= SMALL)
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
        let sha256 = BASE64_STANDARD.encode(sha2::Sha256::digest(&content));
        if checksum_sha256.is_some_and(|given| given != sha256) {
            return Err(s3_error!(BadDigest, "checksum_sha256 mismatch"));
        }
        let md5 = hex::encode(md5::Md5::digest(&content));
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let [named_bucket, named_key] =
            [&bucket, &key].map(|name| BASE64_URL_SAFE_NO_PAD.encode(name));
        let small = Small {
            path: self.folder.join(&bucket).join(&key),
            beside: self.folder.join(format!(".bucket-{named_bucket}.object-{named_key}")),
            // `s3s-fs` removes files of this name when it starts.
            temporary: self.folder.join(format!(".tmp.small-{number}.internal.part")),
            attributes: content_type.map_or(json!({}), |kind| json!({ "content_type": kind })),
            internal: json!({ "e_tag": md5, "checksum_sha256": sha256 }),
            content,
        };
        let conditional = match if_none_match {
            Some(_) => Some(Arc::clone(&self.conditional).lock_owned().await),
            None => None,
        };
        let written = tokio::task::spawn_blocking(move || {
            // Held to the end of this, whoever waits for it.
            if conditional.is_some() && small.path.exists() {
                return Ok(false);
            }
            small.write().map(|()| true)
        });
        let written = written.await.map_err(S3Error::internal_error)?;
        if !written.map_err(S3Error::internal_error)? {
            return Err(precondition_failed());
        }
        Ok(PutObjectOutput {
            e_tag: Some(ETag::Strong(md5)),
            checksum_sha256: Some(sha256),
            ..PutObjectOutput::default()
        })
    }
}

impl Small {
    /// The file is written last, so that it never exists without its metadata.
    fn write(self) -> io::Result<()> {
        let beside = |kind: &str| {
            let mut path = self.beside.clone().into_os_string();
            path.push(kind);
            PathBuf::from(path)
        };
        self.place(&beside(".metadata.json"), self.attributes.to_string().as_bytes())?;
        self.place(&beside(".internal.json"), self.internal.to_string().as_bytes())?;
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        self.replace(&self.path, &self.content)
    }

    /// Creates a file that no reader expects yet, or else replaces it.
    fn place(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        match OpenOptions::new().write(true).create_new(true).open(path) {
            Ok(mut file) => file.write_all(content),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                self.replace(path, content)
            }
            Err(error) => Err(error),
        }
    }

    /// Replaces a file by a rename: a reader gets the old content or the new.
    fn replace(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        File::create(&self.temporary)?.write_all(content)?;
        fs::rename(&self.temporary, path)
    }
}
