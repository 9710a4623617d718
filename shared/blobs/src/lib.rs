//! The media bucket: streaming uploads and presigned download URLs.

mod upload;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;

pub use upload::{Stored, Upload};

/// A file that is being read.
#[derive(Debug)]
pub struct Reading(ByteStream);

impl Reading {
    /// What comes next of it; `None` at its end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, BlobError> {
        self.0.try_next().await.map_err(BlobError::call("read a file"))
    }
}

/// The bucket that holds the media.
#[derive(Debug, Clone)]
pub struct Blobs {
    aws: SdkConfig,
    /// Created at its first use, once for all clones: it takes a quarter of the start time.
    client: Arc<OnceLock<Client>>,
    bucket: String,
}

/// A failed S3 call. Every such error is transient.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation}")]
pub struct BlobError {
    operation: &'static str,
    #[source]
    cause: Box<dyn std::error::Error + Send + Sync>,
}

impl BlobError {
    /// For `map_err`: names the operation.
    fn call<E>(operation: &'static str) -> impl FnOnce(E) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        move |cause| Self { operation, cause: cause.into() }
    }
}

impl Blobs {
    /// The bucket named `bucket`.
    pub fn new(aws: &SdkConfig, bucket: impl Into<String>) -> Self {
        Self { aws: aws.clone(), client: Arc::default(), bucket: bucket.into() }
    }

    fn client(&self) -> &Client {
        self.client.get_or_init(|| Client::new(&self.aws))
    }

    /// Starts an upload to `key`. The file appears there complete when the upload finishes, or
    /// not at all. `expected_bytes` saves memory if it is known.
    pub fn upload(&self, key: &str, content_type: &str, expected_bytes: Option<u64>) -> Upload {
        Upload::new(self.clone(), key, content_type, expected_bytes)
    }

    /// Deletes the file under `key`. One that is not there counts as deleted.
    pub async fn delete(&self, key: &str) -> Result<(), BlobError> {
        let request = self.client().delete_object().bucket(&self.bucket).key(key);
        request.send().await.map(drop).map_err(BlobError::call("delete a file"))
    }

    /// Deletes every file whose key begins with `prefix`.
    pub async fn delete_all(&self, prefix: &str) -> Result<(), BlobError> {
        let list = self.client().list_objects_v2().bucket(&self.bucket).prefix(prefix);
        let mut pages = list.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(BlobError::call("list a job's files"))?;
            for key in page.contents.unwrap_or_default().into_iter().filter_map(|file| file.key) {
                self.delete(&key).await?;
            }
        }
        Ok(())
    }

    /// The first key that begins with `prefix`, if there is one.
    pub async fn find(&self, prefix: &str) -> Result<Option<String>, BlobError> {
        let list = self.client().list_objects_v2().bucket(&self.bucket).prefix(prefix);
        let found = list.max_keys(1).send().await.map_err(BlobError::call("look for a file"))?;
        Ok(found.contents.unwrap_or_default().into_iter().find_map(|file| file.key))
    }

    /// Reads the file under `key`.
    pub async fn read(&self, key: &str) -> Result<Reading, BlobError> {
        let request = self.client().get_object().bucket(&self.bucket).key(key);
        let output = request.send().await.map_err(BlobError::call("read a file"))?;
        Ok(Reading(output.body))
    }

    /// A presigned URL of the file under `key`, valid for `life`, that browsers save as
    /// `filename`. Signing makes no request.
    pub async fn download_url(
        &self,
        key: &str,
        filename: &str,
        life: Duration,
    ) -> Result<String, BlobError> {
        let operation = "sign a download link";
        let config = PresigningConfig::expires_in(life).map_err(BlobError::call(operation))?;
        let request = self
            .client()
            .get_object()
            .bucket(&self.bucket)
            .key(key)
            .response_content_disposition(format!("attachment; filename=\"{filename}\""))
            .presigned(config)
            .await
            .map_err(BlobError::call(operation))?;
        Ok(request.uri().to_owned())
    }
}
