//! Processes one RunPod task: wait for a worker, speak, serve the file, wait for the confirmation.

use std::sync::Arc;
use std::time::Instant;

use domain::InvalidField;
use domain::tts::TtsRequest;
use serde_json::json;
use tempfile::TempPath;
use tokio::time::timeout;

use crate::engine::SpeechError;
use crate::faults::Fault;
use crate::file::filename;
use crate::run_request::RunRequest;
use crate::state::StudioState;
use crate::stored_file::StoredFile;
use crate::task::{Output, Status};
use crate::webhook::{send_ended, send_file_ready};

/// Why a task did not complete.
#[derive(Debug, thiserror::Error)]
enum TaskError {
    #[error(transparent)]
    Input(#[from] InvalidField),
    #[error(transparent)]
    Speech(#[from] SpeechError),
    #[error("the worker failed by a fault")]
    Fault,
    #[error("a time limit of the task's policy has passed")]
    TimedOut,
    #[error("cancelled")]
    Cancelled,
}

impl TaskError {
    const fn status(&self) -> Status {
        match self {
            Self::Input(_) | Self::Speech(_) | Self::Fault => Status::Failed,
            Self::TimedOut => Status::TimedOut,
            Self::Cancelled => Status::Cancelled,
        }
    }

    /// What RunPod's SDK reports: of an exception a text of JSON.
    fn reported(&self) -> String {
        match self {
            Self::Input(_) | Self::Speech(SpeechError::UnknownVoice(_)) => {
                let message = self.to_string();
                json!({ "error_type": "<class 'ValueError'>", "error_message": message })
                    .to_string()
            }
            Self::Speech(_) | Self::Fault | Self::TimedOut | Self::Cancelled => self.to_string(),
        }
    }
}

/// Processes task `id` to its end and reports it.
pub(crate) async fn run(studio: Arc<StudioState>, id: String, request: RunRequest) {
    let Some(cancellation) = studio.tasks.read(&id, |task| Arc::clone(&task.cancellation)) else {
        return;
    };
    let outcome = tokio::select! {
        () = cancellation.notified() => Err(TaskError::Cancelled),
        ended = timeout(request.time_to_live(), work(&studio, &id, &request)) => {
            ended.unwrap_or(Err(TaskError::TimedOut))
        }
    };
    end(&studio, &id, outcome.as_ref().err());
    if let Some(url) = &request.webhook {
        send_ended(&studio, &id, url).await;
    }
}

async fn work(studio: &Arc<StudioState>, id: &str, request: &RunRequest) -> Result<(), TaskError> {
    let permit = studio.workers.acquire().await;
    studio.tasks.change(id, |task| {
        task.status = Status::InProgress;
        task.begun = Some(Instant::now());
    });
    let execution = async {
        let speech = request.speech()?;
        // Held to the end, however it ends: dropping this deletes the file.
        let _file = make_file(studio, id, &speech).await?;
        // A task that only waits for its confirmation does not occupy a worker.
        drop(permit);
        let own_url = request.text("webhook_url")?;
        if let Some(url) = own_url.or(studio.settings.webhook_url.as_deref()) {
            let (studio, id, url) = (Arc::clone(studio), id.to_owned(), url.to_owned());
            Arc::clone(&studio).spawn(async move { send_file_ready(&studio, &id, &url).await });
        }
        wait_for_confirmation(studio, id).await;
        Ok(())
    };
    timeout(request.execution_timeout(), execution).await.unwrap_or(Err(TaskError::TimedOut))
}

/// Makes the file and serves it. Dropping the returned path deletes it.
async fn make_file(
    studio: &StudioState,
    id: &str,
    speech: &TtsRequest,
) -> Result<TempPath, TaskError> {
    let read = studio.tasks.read(id, |task| (task.ordinal, task.job_id.clone()));
    let (ordinal, job_id) = read.unwrap_or_default();
    if studio.settings.faults.occurs(Fault::Fail, ordinal) {
        return Err(TaskError::Fault);
    }
    let filename = filename(id, speech.format);
    let path = studio.work_dir.join(&filename);
    let file = TempPath::try_from_path(&path).map_err(SpeechError::Io)?;
    studio.settings.engine.speak(speech, &path).await?;
    let content_type = speech.format.content_type();
    let stored = StoredFile::at(path, content_type).await.map_err(SpeechError::Io)?;
    let bytes = stored.bytes;
    tracing::info!(task = id, job = job_id, bytes, language = speech.language.name(), "spoken");
    let output = Output {
        download_url: format!("{}/output/{filename}", studio.base_url),
        confirmation_url: format!("{}/confirm-download/{job_id}?task={id}", studio.base_url),
        file: stored,
    };
    studio.tasks.change(id, |task| task.output = Some(output));
    Ok(file)
}

/// Waits for the confirmation, or until its time has passed; both complete the task.
async fn wait_for_confirmation(studio: &StudioState, id: &str) {
    let Some(confirmation) = studio.tasks.read(id, |task| Arc::clone(&task.confirmation)) else {
        return;
    };
    if timeout(studio.settings.confirmation_timeout, confirmation.notified()).await.is_err() {
        tracing::warn!(task = id, "download not confirmed in time; file deleted");
    }
}

/// Records the end of a task. A cancellation that was acknowledged meanwhile stays.
fn end(studio: &StudioState, id: &str, error: Option<&TaskError>) {
    studio.tasks.change(id, |task| {
        if task.status != Status::Cancelled {
            task.status = error.map_or(Status::Completed, TaskError::status);
            task.error = error.map(TaskError::reported);
        }
        task.ended = Some(Instant::now());
        let (status, confirmed, error) = (task.status, task.confirmed, task.error.as_deref());
        tracing::info!(task = id, ?status, confirmed, error, "ended");
    });
}
