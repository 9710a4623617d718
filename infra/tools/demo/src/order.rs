//! The texts to speak, and the course of each from submission to the checked file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::Timestamp;
use tokio::time::sleep;

use crate::DemoError;
use crate::api::Api;
use crate::display::JobProgress;
use crate::download::{download, file_path};
use crate::event::{Announced, Completed, Event};
use crate::receiver::{Arrival, Inbox};
use crate::time::now;

/// Time between two polls of a job.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// A text to be spoken.
#[derive(Debug)]
pub(crate) struct Order {
    pub name: &'static str,
    pub text: &'static str,
    pub language: &'static str,
}

/// The orders of the demo: a long text, and a short one in another language.
pub(crate) const ORDERS: [Order; 2] = [
    Order { name: "essay", text: include_str!("../text/essay.txt"), language: "english" },
    Order { name: "greeting", text: include_str!("../text/greeting.txt"), language: "oromo" },
];

/// The result of an order.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub name: &'static str,
    pub language: &'static str,
    pub words: usize,
    pub job_id: String,
    pub message_id: String,
    pub file: PathBuf,
    pub announced: Announced,
    pub times: Times,
}

/// The times of its steps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    pub submitted: Timestamp,
    pub accepted: Timestamp,
    pub created: Timestamp,
    pub started: Timestamp,
    pub completed: Timestamp,
    pub notified: Timestamp,
    pub checked: Timestamp,
}

/// Runs `order`, from submission to a checked file in `output_dir`.
pub(crate) async fn carry_out(
    order: &'static Order,
    api: &Api,
    (webhook_url, mut inbox): (String, Inbox),
    output_dir: &Path,
    progress: &JobProgress,
) -> Result<Outcome, DemoError> {
    let submitted = now();
    let job_id = api.submit(order, &webhook_url).await?.job_id;
    let accepted = now();
    progress.at(0, "Accepted");
    let arrival = await_webhook(order.name, api, &job_id, &mut inbox, progress).await?;
    progress.at(100, "Webhook verified; downloading");
    let completed = read(order.name, &job_id, &arrival)?;
    let (created, started) = (completed.data.created_at.0, completed.data.started_at.0);
    let finished = completed.data.completed_at.0;
    let file = file_path(output_dir, order.name);
    let announced = download(api, order.name, completed, &file).await?;
    let checked = now();
    progress.done("Done, and as announced");
    let notified = arrival.at;
    let times =
        Times { submitted, accepted, created, started, completed: finished, notified, checked };
    let words = order.text.split_whitespace().count();
    let (name, language, message_id) = (order.name, order.language, arrival.id);
    Ok(Outcome { name, language, words, job_id, message_id, file, announced, times })
}

/// Shows the job's progress until its webhook arrives.
async fn await_webhook(
    name: &'static str,
    api: &Api,
    job_id: &str,
    inbox: &mut Inbox,
    progress: &JobProgress,
) -> Result<Arrival, DemoError> {
    tokio::select! {
        arrival = inbox.recv() => arrival.unwrap_or(Err(DemoError::Interrupted)),
        failure = watch(name, api, job_id, progress) => Err(failure),
    }
}

/// Shows the job's progress until an error.
async fn watch(name: &'static str, api: &Api, job_id: &str, progress: &JobProgress) -> DemoError {
    loop {
        let job = match api.progress(job_id).await {
            Ok(job) => job,
            Err(error) => return error,
        };
        match job.status.as_str() {
            "failed" | "cancelled" => {
                let reason = job.error.map_or(job.status, |error| error.message);
                return DemoError::JobFailed { job: name, reason };
            }
            "completed" => progress.at(100, "Stored; waiting for the webhook"),
            _ => progress.at(job.progress_percent, &job.current_step),
        }
        sleep(POLL_INTERVAL).await;
    }
}

/// Parses the webhook, which must be for the completed job.
fn read(name: &'static str, job_id: &str, arrival: &Arrival) -> Result<Completed, DemoError> {
    let event: Event = serde_json::from_slice(&arrival.body)?;
    let failed = |reason| DemoError::JobFailed { job: name, reason };
    if event.job_id != job_id {
        return Err(failed(format!("its webhook is for another job, {}", event.job_id)));
    }
    if event.kind != "job.completed" {
        return Err(failed(event.error.unwrap_or(event.kind)));
    }
    let completed: Completed = serde_json::from_slice(&arrival.body)?;
    if completed.status != "completed" {
        return Err(failed(format!("its webhook has the status {}", completed.status)));
    }
    Ok(completed)
}
