//! Downloads the file of a webhook, and compares it with what the webhook says.

use std::path::{Path, PathBuf};

use futures::StreamExt;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use crate::DemoError;
use crate::api::Api;
use crate::audio;
use crate::event::{Announced, Completed};

/// Bytes kept of a file's beginning: more than the WAV header of any speech engine.
const HEAD_BYTES: usize = 4096;

/// A downloaded file.
pub(crate) struct Fetched {
    pub bytes: u64,
    pub sha256: String,
    content_type: String,
    head: Vec<u8>,
}

/// Downloads the first output of a completed job to `path` and checks it; returns the output as
/// announced.
pub(crate) async fn download(
    api: &Api,
    job: &'static str,
    completed: Completed,
    path: &Path,
) -> Result<Announced, DemoError> {
    let announced = completed.data.outputs.into_iter().next();
    let announced = announced.ok_or(DemoError::NotAudio { job, reason: "there is none" })?;
    let fetched = fetch(api, &completed.audio_url, path).await?;
    let duration_ms = audio::duration_ms(&fetched.head, fetched.bytes)
        .map_err(|reason| DemoError::NotAudio { job, reason })?;
    let same = |what, announced: String, found: String| {
        let mismatch =
            DemoError::Mismatch { job, what, announced: announced.clone(), found: found.clone() };
        if announced == found { Ok(()) } else { Err(mismatch) }
    };
    same("its link", announced.url.clone(), completed.audio_url)?;
    same("its size", announced.bytes.to_string(), fetched.bytes.to_string())?;
    same("its SHA-256", announced.sha256.clone(), fetched.sha256)?;
    same("its media type", announced.content_type.clone(), fetched.content_type)?;
    let duration = announced.duration_ms.unwrap_or_default();
    same("its duration in ms", duration.to_string(), duration_ms.to_string())?;
    Ok(announced)
}

/// Downloads `link` to `path`.
pub(crate) async fn fetch(api: &Api, link: &str, path: &Path) -> Result<Fetched, DemoError> {
    let answer = api.open(link).await?;
    let content_type = answer.headers().get("content-type");
    let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or("none");
    let content_type = content_type.to_owned();
    let no_file = |source| DemoError::Resource { what: path.display().to_string(), source };
    let mut file = tokio::fs::File::create(path).await.map_err(no_file)?;
    let (mut hash, mut bytes, mut head) = (Sha256::new(), 0, Vec::new());
    let mut chunks = answer.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let what = "GET of the file";
        let chunk = chunk.map_err(|source| DemoError::NoAnswer { what, source })?;
        hash.update(&chunk);
        bytes += chunk.len() as u64;
        let missing = HEAD_BYTES.saturating_sub(head.len()).min(chunk.len());
        head.extend_from_slice(&chunk[..missing]);
        file.write_all(&chunk).await.map_err(no_file)?;
    }
    file.flush().await.map_err(no_file)?;
    Ok(Fetched { bytes, sha256: hex::encode(hash.finalize()), content_type, head })
}

/// The path of the file of the job `name`.
pub(crate) fn file_path(output_dir: &Path, name: &str) -> PathBuf {
    output_dir.join(format!("{name}.wav"))
}
