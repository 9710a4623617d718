//! Adopting a file that is in the bucket already: an earlier run stored it and could not save that in
//! the table, or another run of the same attempt was quicker.
//!
//! Invariant: a file appears in the bucket only once it has been checked, and is never overwritten. So
//! what is there is taken as it is: its digest is that of its own bytes, not of what this run pulled.

use blobs::Blobs;
use domain::Output;
use sha2::{Digest, Sha256};

use crate::error::PullError;
use crate::media::Media;
use crate::pull::{Wanted, folder};

/// The stored file that `wanted` is, if there is one.
pub(crate) async fn stored(
    blobs: &Blobs,
    wanted: &Wanted<'_>,
) -> Result<Option<Output>, PullError> {
    let prefix = format!("{}{}.", folder(wanted.job), wanted.name);
    match blobs.find(&prefix).await? {
        Some(key) => read_back(blobs, key, wanted).await.map(Some),
        None => Ok(None),
    }
}

/// The stored file under `key` as an output.
pub(crate) async fn read_back(
    blobs: &Blobs,
    key: String,
    wanted: &Wanted<'_>,
) -> Result<Output, PullError> {
    let mut reading = blobs.read(&key).await?;
    let (mut media, mut digest) = (Media::new(wanted.expected), Sha256::new());
    let mut bytes = 0;
    while let Some(chunk) = reading.chunk().await? {
        bytes += chunk.len() as u64;
        digest.update(&chunk);
        media.add(&chunk);
    }
    media.end();
    let file_type = media.file_type().map_err(PullError::Invalid)?;
    tracing::info!(job_id = %wanted.job.id, key, bytes, "stored file adopted");
    Ok(Output {
        name: wanted.name.to_owned(),
        index: wanted.file.index,
        attributes: wanted.file.attributes.clone(),
        duration_ms: media.duration_ms().or(wanted.file.duration_ms),
        content_type: file_type.content_type.to_owned(),
        key,
        bytes,
        sha256: hex::encode(digest.finalize()),
    })
}
