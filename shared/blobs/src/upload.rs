//! Uploading one file, in one request or in parts, with the memory of one part.

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};

use crate::{BlobError, Blobs};

/// Size of a part. A file of 1 GB takes 17 requests: 15 parts, one to start, one to complete.
const PART: usize = 64 * 1024 * 1024;

/// The condition under which a file is written: no file is there.
const UNLESS_THERE: &str = "*";

/// An upload in progress.
#[derive(Debug)]
pub struct Upload {
    blobs: Blobs,
    key: String,
    content_type: String,
    buffer: BytesMut,
    bytes: u64,
    digest: Sha256,
    multipart: Option<Multipart>,
}

#[derive(Debug)]
struct Multipart {
    id: String,
    parts: Vec<CompletedPart>,
}

/// A completed upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Size of the file.
    pub bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
}

impl Upload {
    pub(crate) fn new(
        blobs: Blobs,
        key: &str,
        content_type: &str,
        expected_bytes: Option<u64>,
    ) -> Self {
        let part = PART as u64;
        let capacity = expected_bytes.map_or(0, |bytes| bytes.min(part));
        Self {
            blobs,
            key: key.to_owned(),
            content_type: content_type.to_owned(),
            buffer: BytesMut::with_capacity(usize::try_from(capacity).unwrap_or(0)),
            bytes: 0,
            digest: Sha256::new(),
            multipart: None,
        }
    }

    /// Bytes written so far.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Appends `chunk`.
    pub async fn write(&mut self, mut chunk: Bytes) -> Result<(), BlobError> {
        self.digest.update(&chunk);
        self.bytes += chunk.len() as u64;
        while self.buffer.len() + chunk.len() > PART {
            let head = chunk.split_to(PART - self.buffer.len());
            self.buffer.extend_from_slice(&head);
            self.send_part().await?;
        }
        self.buffer.extend_from_slice(&chunk);
        Ok(())
    }

    /// Completes the upload. Only then is the file in the bucket. `None` if there is one under the key
    /// already, which stays as it is.
    pub async fn finish(mut self) -> Result<Option<Stored>, BlobError> {
        let sha256: [u8; 32] = std::mem::take(&mut self.digest).finalize().into();
        let stored = Stored { bytes: self.bytes, sha256 };
        let is_new = if self.multipart.is_some() {
            self.send_part().await?;
            self.complete().await?
        } else {
            self.put(&sha256).await?
        };
        Ok(is_new.then_some(stored))
    }

    /// Aborts the upload. S3 deletes the parts at once if the call succeeds; otherwise the
    /// bucket's lifecycle rule does.
    pub async fn abort(self) {
        if let Some(multipart) = self.multipart {
            let abort = self.blobs.client().abort_multipart_upload();
            let abort = abort.bucket(&self.blobs.bucket).key(&self.key);
            let _ = abort.upload_id(multipart.id).send().await;
        }
    }

    /// Uploads the whole file in one request. S3 verifies the digest before the file appears.
    async fn put(&mut self, sha256: &[u8; 32]) -> Result<bool, BlobError> {
        let put = self
            .blobs
            .client()
            .put_object()
            .bucket(&self.blobs.bucket)
            .key(&self.key)
            .content_type(&self.content_type)
            .checksum_sha256(BASE64_STANDARD.encode(sha256))
            .body(ByteStream::from(std::mem::take(&mut self.buffer).freeze()))
            .if_none_match(UNLESS_THERE);
        is_new(put.send().await, "upload a file")
    }

    async fn send_part(&mut self) -> Result<(), BlobError> {
        let upload_id = self.multipart_id().await?;
        let Some(multipart) = &mut self.multipart else { return Ok(()) };
        let number = i32::try_from(multipart.parts.len() + 1).unwrap_or(i32::MAX);
        let body = std::mem::replace(&mut self.buffer, BytesMut::new()).freeze();
        let output = self
            .blobs
            .client()
            .upload_part()
            .bucket(&self.blobs.bucket)
            .key(&self.key)
            .upload_id(upload_id)
            .part_number(number)
            .body(ByteStream::from(body))
            .send()
            .await
            .map_err(BlobError::call("upload a part"))?;
        let part = CompletedPart::builder()
            .part_number(number)
            .set_e_tag(output.e_tag)
            .set_checksum_crc32(output.checksum_crc32)
            .build();
        multipart.parts.push(part);
        Ok(())
    }

    async fn multipart_id(&mut self) -> Result<String, BlobError> {
        if let Some(multipart) = &self.multipart {
            return Ok(multipart.id.clone());
        }
        let output = self
            .blobs
            .client()
            .create_multipart_upload()
            .bucket(&self.blobs.bucket)
            .key(&self.key)
            .content_type(&self.content_type)
            .send()
            .await
            .map_err(BlobError::call("start a multipart upload"))?;
        let id = output.upload_id.unwrap_or_default();
        self.multipart = Some(Multipart { id: id.clone(), parts: Vec::new() });
        Ok(id)
    }

    async fn complete(self) -> Result<bool, BlobError> {
        let Some(multipart) = self.multipart else { return Ok(true) };
        let parts = CompletedMultipartUpload::builder().set_parts(Some(multipart.parts)).build();
        let complete = self
            .blobs
            .client()
            .complete_multipart_upload()
            .bucket(&self.blobs.bucket)
            .key(&self.key)
            .upload_id(multipart.id)
            .multipart_upload(parts)
            .if_none_match(UNLESS_THERE);
        is_new(complete.send().await, "complete a multipart upload")
    }
}

/// Whether the file is new: S3 refuses to overwrite one.
fn is_new<T, E>(
    result: Result<T, SdkError<E, HttpResponse>>,
    operation: &'static str,
) -> Result<bool, BlobError>
where
    SdkError<E, HttpResponse>: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    match result {
        Ok(_) => Ok(true),
        Err(error) if error.raw_response().is_some_and(|raw| raw.status().as_u16() == 412) => {
            Ok(false)
        }
        Err(error) => Err(BlobError::call(operation)(error)),
    }
}
