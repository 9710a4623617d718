//! Processes one task: start, run, make the output, end.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::sleep;

use super::ReplicateStatus;
use super::model_output::{self, OutputError};
use super::submission::Submission;
use super::webhook::{Webhook, emit};
use crate::PostKind;
use crate::faults::Fault;
use crate::state::StudioState;

/// Logs as of tqdm, from which clients read the progress.
const LOGS: &str = " 50%|█████     | 1/2 [00:00<00:00, 10.00it/s]\n\
                    100%|██████████| 2/2 [00:00<00:00, 10.00it/s]\n";

/// Why a task failed.
#[derive(Debug, thiserror::Error)]
enum TaskError {
    /// The input asks for it.
    #[error("{0}")]
    Requested(String),
    #[error("Director: unexpected error handling prediction (E8765)")]
    Fault,
    #[error(transparent)]
    Output(#[from] OutputError),
}

/// One task at work.
struct Run {
    studio: Arc<StudioState>,
    id: String,
    submission: Arc<Submission>,
    outbox: UnboundedSender<Webhook>,
}

/// Processes task `id` to its end.
pub(super) async fn run(
    studio: Arc<StudioState>,
    id: String,
    submission: Arc<Submission>,
    outbox: UnboundedSender<Webhook>,
) {
    let Some(cancellation) =
        studio.replicate.tasks.read(&id, |task| Arc::clone(&task.cancellation))
    else {
        return;
    };
    let run = Run { studio, id, submission, outbox };
    tokio::select! {
        () = cancellation.notified() => {}
        () = deadline(run.submission.cancel_after) => run.expire(),
        outcome = run.work() => run.end(outcome.as_ref().err()),
    }
    run.report_end();
}

async fn deadline(cancel_after: Option<Duration>) {
    match cancel_after {
        Some(time) => sleep(time).await,
        None => pending().await,
    }
}

impl Run {
    async fn work(&self) -> Result<(), TaskError> {
        self.pass("starting_ms").await;
        let now = self.studio.settings.replicate.clock.now();
        let ordinal = self.studio.replicate.tasks.change(&self.id, |task| {
            task.start(now);
            task.ordinal
        });
        self.emit(PostKind::Start);
        self.pass("processing_ms").await;
        if ordinal.is_some_and(|ordinal| self.studio.settings.faults.occurs(Fault::Fail, ordinal)) {
            return Err(TaskError::Fault);
        }
        if let Some(error) = self.text("error") {
            return Err(TaskError::Requested(error.to_owned()));
        }
        let logs = self.text("logs").unwrap_or(LOGS);
        self.studio.replicate.tasks.change(&self.id, |task| logs.clone_into(&mut task.logs));
        self.emit(PostKind::Logs);
        let made = model_output::make(&self.studio, &self.id, &self.submission).await?;
        self.studio.replicate.tasks.change(&self.id, |task| {
            task.output = Some(made.output);
            task.files = made.files;
        });
        self.emit(PostKind::Output);
        Ok(())
    }

    /// Waits for the time that the input has under that name, in milliseconds.
    async fn pass(&self, name: &str) {
        if let Some(time) = self.submission.input.get(name).and_then(Value::as_u64) {
            sleep(Duration::from_millis(time)).await;
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.submission.input.get(name)?.as_str()
    }

    fn emit(&self, kind: PostKind) {
        emit(&self.studio, &self.id, kind, &self.outbox);
    }

    fn expire(&self) {
        let now = self.studio.settings.replicate.clock.now();
        self.studio.replicate.tasks.change(&self.id, |task| task.expire(now));
    }

    /// Records the end. One that was acknowledged meanwhile stays.
    fn end(&self, error: Option<&TaskError>) {
        let now = self.studio.settings.replicate.clock.now();
        let status = error.map_or(ReplicateStatus::Succeeded, |_| ReplicateStatus::Failed);
        self.studio.replicate.tasks.change(&self.id, |task| {
            if !task.status.is_terminal() {
                task.error = error.map(ToString::to_string);
            }
            task.end(status, now);
        });
    }

    /// Sends the final webhook; a task that was aborted has none.
    fn report_end(&self) {
        let status = self.studio.replicate.tasks.read(&self.id, |task| task.status);
        tracing::info!(task = self.id, ?status, "ended");
        if status != Some(ReplicateStatus::Aborted) {
            self.emit(PostKind::Ended);
        }
    }
}
