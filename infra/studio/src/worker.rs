//! The life of one task: wait, speak, offer the file, wait for the confirmation, be gone.

use std::sync::Arc;
use std::time::Instant;

use domain::InvalidField;
use domain::tts::TtsRequest;
use tempfile::TempPath;
use tokio::time::timeout;

use crate::announcement::{announce, report_end};
use crate::engine::SpeechError;
use crate::faults::Fault;
use crate::file::filename;
use crate::pod::Pod;
use crate::run_request::RunRequest;
use crate::stored_file::StoredFile;
use crate::task::{Offer, Status};

/// Why a task did not complete.
#[derive(Debug, thiserror::Error)]
enum TaskError {
    #[error(transparent)]
    Input(#[from] InvalidField),
    #[error(transparent)]
    Speech(#[from] SpeechError),
    #[error("the worker failed on purpose")]
    Fault,
    #[error("the time of the task's policy is up")]
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
}

/// Takes task `id` to its end and reports it.
pub(crate) async fn run(pod: Arc<Pod>, id: String, request: RunRequest) {
    let Some(cancellation) = pod.ledger.read(&id, |task| Arc::clone(&task.cancellation)) else {
        return;
    };
    let outcome = tokio::select! {
        () = cancellation.notified() => Err(TaskError::Cancelled),
        ended = timeout(request.time_to_live(), work(&pod, &id, &request)) => {
            ended.unwrap_or(Err(TaskError::TimedOut))
        }
    };
    end(&pod, &id, outcome.as_ref().err());
    if let Some(url) = &request.webhook {
        report_end(&pod, &id, url).await;
    }
}

async fn work(pod: &Arc<Pod>, id: &str, request: &RunRequest) -> Result<(), TaskError> {
    let permit = pod.workers.acquire().await;
    pod.ledger.change(id, |task| {
        task.status = Status::InProgress;
        task.begun = Some(Instant::now());
    });
    let execution = async {
        let speech = request.speech()?;
        // Held until the end, whichever end it is: the file goes with this name.
        let _file = make_file(pod, id, &speech).await?;
        // A pod that only waits for its confirmation keeps no other task from being spoken.
        drop(permit);
        let own_url = request.text("webhook_url")?;
        if let Some(url) = own_url.or(pod.settings.webhook_url.as_deref()) {
            let (pod, id, url) = (Arc::clone(pod), id.to_owned(), url.to_owned());
            Arc::clone(&pod).spawn(async move { announce(&pod, &id, &url).await });
        }
        wait_for_confirmation(pod, id).await;
        Ok(())
    };
    timeout(request.execution_timeout(), execution).await.unwrap_or(Err(TaskError::TimedOut))
}

/// Makes the file and offers it. It is deleted when what this gives back is dropped.
async fn make_file(pod: &Pod, id: &str, speech: &TtsRequest) -> Result<TempPath, TaskError> {
    let told = pod.ledger.read(id, |task| (task.ordinal, task.job_id.clone()));
    let (ordinal, job_id) = told.unwrap_or_default();
    if pod.settings.faults.strikes(Fault::Fail, ordinal) {
        return Err(TaskError::Fault);
    }
    let filename = filename(id, speech.format);
    let path = pod.work_dir.join(&filename);
    let file = TempPath::try_from_path(&path).map_err(SpeechError::Io)?;
    pod.settings.engine.speak(speech, &path).await?;
    let content_type = speech.format.content_type();
    let stored = StoredFile::at(path, content_type).await.map_err(SpeechError::Io)?;
    let bytes = stored.bytes;
    tracing::info!(task = id, job = job_id, bytes, language = speech.language.name(), "spoken");
    let offer = Offer {
        download_url: format!("{}/output/{filename}", pod.base_url),
        confirmation_url: format!("{}/confirm-download/{job_id}?task={id}", pod.base_url),
        file: stored,
    };
    pod.ledger.change(id, |task| task.offer = Some(offer));
    Ok(file)
}

/// Waits until the download is confirmed or its time is up; either way the pod ends well.
async fn wait_for_confirmation(pod: &Pod, id: &str) {
    let Some(confirmation) = pod.ledger.read(id, |task| Arc::clone(&task.confirmation)) else {
        return;
    };
    if timeout(pod.settings.confirmation_timeout, confirmation.notified()).await.is_err() {
        tracing::warn!(task = id, "no confirmation came; the file is given up");
    }
}

/// Writes the end of a task down. A cancellation that was acknowledged meanwhile stands.
fn end(pod: &Pod, id: &str, error: Option<&TaskError>) {
    pod.ledger.change(id, |task| {
        if task.status != Status::Cancelled {
            task.status = error.map_or(Status::Completed, TaskError::status);
            task.error = error.map(ToString::to_string);
        }
        task.ended = Some(Instant::now());
        let (status, confirmed, error) = (task.status, task.confirmed, task.error.as_deref());
        tracing::info!(task = id, ?status, confirmed, error, "ended");
    });
}
