//! `Prefer: wait`: the answer to a creation that is held until the end.

use std::io;
use std::time::Duration;

use axum::http::HeaderMap;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::ReplicateStatus;
use super::body::body;
use super::model_output::walk;
use super::task::ReplicateTask;
use crate::state::StudioState;
use crate::stored_file::StoredFile;

/// The longest that an answer is held, in seconds.
const LONGEST_WAIT: u64 = 60;

/// The answer, once task `id` has ended, if `headers` ask for that; `None` if it takes longer. As by
/// Replicate, a success is still `processing` then, and its files are `data:` URIs.
pub(super) async fn wait(studio: &StudioState, id: &str, headers: &HeaderMap) -> Option<Value> {
    let tasks = &studio.replicate.tasks;
    let has_ended = |task: &ReplicateTask| task.status.is_terminal();
    let ended = tasks.until_store(|tasks| tasks.read(id, has_ended) == Some(true));
    timeout(requested(headers)?, ended).await.ok()?;
    let read = |task: &ReplicateTask| {
        let files = task.files.iter().map(|file| (file.url.clone(), file.file.clone()));
        (task.status, body(task, &studio.base_url), files.collect::<Vec<_>>())
    };
    let (status, mut body, files) = tasks.read(id, read)?;
    if status == ReplicateStatus::Succeeded {
        body["status"] = json!(ReplicateStatus::Processing);
        inline(&mut body["output"], &files).await.ok()?;
    }
    Some(body)
}

/// How long `wait` or `wait=5` asks to hold the answer.
fn requested(headers: &HeaderMap) -> Option<Duration> {
    let preference = headers.get("prefer")?.to_str().ok()?;
    let seconds = match preference.split_once('=') {
        None if preference == "wait" => LONGEST_WAIT,
        Some(("wait", seconds)) => seconds.parse().ok()?,
        _ => return None,
    };
    Some(Duration::from_secs(seconds.clamp(1, LONGEST_WAIT)))
}

/// Replaces the URL of each of `files` in `output` by its content.
async fn inline(output: &mut Value, files: &[(String, StoredFile)]) -> io::Result<()> {
    for (url, file) in files {
        let content = file.data_uri().await?;
        walk(output, &mut |text| {
            if text == url {
                content.clone_into(text);
            }
        });
    }
    Ok(())
}
