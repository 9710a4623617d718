//! Uploading one file, in one request or in parts. Parts are sent while the next one is written, and
//! the memory of an upload is that of the parts under way, however large the file is.

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};
use tokio::task::JoinSet;

use crate::{BlobError, Blobs};

/// Size of a part in bytes. S3 takes 10,000 parts of at least 5 MiB; a file of 1 GB is 120 of these.
const PART: usize = 8 * 1024 * 1024;

/// How many parts are sent at the same time, while the next one is written.
const SENDING: usize = 3;

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
    /// The number of the next part.
    next: i32,
    sending: JoinSet<Result<CompletedPart, BlobError>>,
    sent: Vec<CompletedPart>,
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
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Appends `chunk`. Fails if an earlier part could not be sent.
    pub async fn write(&mut self, mut chunk: Bytes) -> Result<(), BlobError> {
        self.digest.update(&chunk);
        self.bytes += chunk.len() as u64;
        while self.buffer.len() + chunk.len() > PART {
            let head = chunk.split_to(PART - self.buffer.len());
            self.buffer.extend_from_slice(&head);
            self.send_part().await?;
            self.buffer.reserve(PART);
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
        if let Some(mut multipart) = self.multipart {
            // A part that arrived after the call would stay.
            multipart.sending.shutdown().await;
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
        // The digest above proves the body; signing would hash it a second time.
        is_new(put.customize().disable_payload_signing().send().await, "upload a file")
    }

    /// Begins to send what was written as the next part, once there is room for it.
    async fn send_part(&mut self) -> Result<(), BlobError> {
        if self.multipart.is_none() {
            self.multipart = Some(self.create().await?);
        }
        let Some(multipart) = &mut self.multipart else { return Ok(()) };
        while multipart.sending.len() >= SENDING {
            multipart.receive().await?;
        }
        let number = multipart.next;
        multipart.next += 1;
        let part = self
            .blobs
            .client()
            .upload_part()
            .bucket(&self.blobs.bucket)
            .key(&self.key)
            .upload_id(&multipart.id)
            .part_number(number)
            .body(ByteStream::from(std::mem::take(&mut self.buffer).freeze()));
        multipart.sending.spawn(async move {
            // The SDK adds a CRC-32, which S3 verifies, so that signing need not hash the part too.
            let sent = part.customize().disable_payload_signing().send().await;
            let output = sent.map_err(BlobError::call("upload a part"))?;
            Ok(CompletedPart::builder()
                .part_number(number)
                .set_e_tag(output.e_tag)
                .set_checksum_crc32(output.checksum_crc32)
                .build())
        });
        Ok(())
    }

    async fn create(&self) -> Result<Multipart, BlobError> {
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
        Ok(Multipart { id, next: 1, sending: JoinSet::new(), sent: Vec::new() })
    }

    async fn complete(self) -> Result<bool, BlobError> {
        let Some(mut multipart) = self.multipart else { return Ok(true) };
        while !multipart.sending.is_empty() {
            multipart.receive().await?;
        }
        multipart.sent.sort_by_key(|part| part.part_number);
        let parts = CompletedMultipartUpload::builder().set_parts(Some(multipart.sent)).build();
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

impl Multipart {
    /// Waits until one of the parts under way has been sent.
    async fn receive(&mut self) -> Result<(), BlobError> {
        if let Some(sent) = self.sending.join_next().await {
            self.sent.push(sent.map_err(BlobError::call("upload a part"))??);
        }
        Ok(())
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
