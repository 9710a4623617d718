//! Trains a model, and lets it make a picture: from submission to the checked file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::time::sleep;

use crate::DemoError;
use crate::api::Api;
use crate::display::JobProgress;
use crate::download::fetch;
use crate::event::{Announced, Event, Model};
use crate::receiver::Inbox;
use crate::time::now;

/// The demo's name for it.
pub(crate) const NAME: &str = "portrait";
/// A model that is trained from, and where the result is put; the stand-in for the provider has both.
const TRAINER: &str = "ostris/flux-dev-lora-trainer";
const DESTINATION: &str = "acme/portraits";
/// How long the stand-in takes for each.
pub(crate) const WORK: Duration = Duration::from_millis(1500);
/// The same where the webhook of the end is to meet a poll: after the interval of polls where webhooks
/// are expected.
pub(crate) const WORK_UNTIL_POLL: Duration = Duration::from_secs(30);
/// Time between two polls of the progress.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The model and its picture.
#[derive(Debug)]
pub(crate) struct Portrait {
    pub model_id: String,
    pub version: String,
    pub training_job: String,
    pub job_id: String,
    pub message_ids: [String; 2],
    pub file: PathBuf,
    pub announced: Announced,
    pub submitted: Timestamp,
    pub ready: Timestamp,
    pub checked: Timestamp,
}

/// Trains the model and has it make a picture in `output_dir`.
pub(crate) async fn make(
    api: &Api,
    (webhook_url, mut inbox): (String, Inbox),
    output_dir: &Path,
    work: Duration,
    progress: &JobProgress,
) -> Result<Portrait, DemoError> {
    let submitted = now();
    let training = api.train(&training(&webhook_url, work)).await?;
    progress.at(0, "Training accepted");
    let trained = end_of(api, &training.job_id, &mut inbox, progress).await?;
    let model = api.model(&training.model_id).await?;
    let version = ready(model)?;
    let ready = now();
    let job_id = api.predict(&prediction(&version, &webhook_url, work)).await?.job_id;
    progress.at(50, "The model is ready; it makes a picture");
    let made = end_of(api, &job_id, &mut inbox, progress).await?;
    progress.at(100, "Webhook verified; downloading");
    let file = output_dir.join(format!("{NAME}.png"));
    let announced = download(api, &job_id, &file).await?;
    progress.done("Done, and as announced");
    let (training_job, model_id, checked) = (training.job_id, training.model_id, now());
    let message_ids = [trained, made];
    Ok(Portrait {
        model_id,
        version,
        training_job,
        job_id,
        message_ids,
        file,
        announced,
        submitted,
        ready,
        checked,
    })
}

fn training(webhook_url: &str, work: Duration) -> Value {
    // The stand-in names a model's first version by the digest of its name.
    let version = hex::encode(Sha256::digest(TRAINER));
    json!({
        "model": TRAINER,
        "version": version,
        "destination": DESTINATION,
        "input": { "input_images": "https://example.com/cats.zip", "steps": 1000,
            "processing_ms": work.as_millis() },
        "webhook_url": webhook_url,
    })
}

fn prediction(version: &str, webhook_url: &str, work: Duration) -> Value {
    json!({
        "version": version,
        "input": { "prompt": "A cat with a red kite", "processing_ms": work.as_millis() },
        "webhook_url": webhook_url,
    })
}

/// Waits for the webhook of the job's completion; its message id.
async fn end_of(
    api: &Api,
    job_id: &str,
    inbox: &mut Inbox,
    progress: &JobProgress,
) -> Result<String, DemoError> {
    let arrival = tokio::select! {
        arrival = inbox.recv() => arrival.unwrap_or(Err(DemoError::Interrupted))?,
        failure = watch(api, job_id, progress) => return Err(failure),
    };
    let event: Event = serde_json::from_slice(&arrival.body)?;
    if event.job_id != job_id {
        return Err(failed(format!("its webhook is for another job, {}", event.job_id)));
    }
    if event.kind != "job.completed" {
        return Err(failed(event.error.unwrap_or(event.kind)));
    }
    Ok(arrival.id)
}

/// Shows the job's progress until an error.
async fn watch(api: &Api, job_id: &str, progress: &JobProgress) -> DemoError {
    loop {
        match api.progress(job_id).await {
            Err(error) => return error,
            Ok(job) if matches!(job.status.as_str(), "failed" | "cancelled") => {
                return failed(job.error.map_or(job.status, |error| error.message));
            }
            Ok(job) => progress.at(job.progress_percent, &job.current_step),
        }
        sleep(POLL_INTERVAL).await;
    }
}

/// The version of a model that must be ready.
fn ready(model: Model) -> Result<String, DemoError> {
    match model.version {
        Some(version) if model.status == "Ready" => Ok(version),
        _ => Err(failed(format!("the model is {}", model.status))),
    }
}

/// Downloads the picture, and compares it with the output of its job.
async fn download(api: &Api, job_id: &str, file: &Path) -> Result<Announced, DemoError> {
    let announced = api.outputs(job_id).await?.into_iter().next();
    let announced = announced.ok_or_else(|| failed("its job has no output".to_owned()))?;
    let fetched = fetch(api, &announced.url, file).await?;
    let same = |what, announced: String, found: String| {
        let mismatch = DemoError::Mismatch {
            job: NAME,
            what,
            announced: announced.clone(),
            found: found.clone(),
        };
        if announced == found { Ok(()) } else { Err(mismatch) }
    };
    same("its size", announced.bytes.to_string(), fetched.bytes.to_string())?;
    same("its SHA-256", announced.sha256.clone(), fetched.sha256)?;
    same("its media type", announced.content_type.clone(), "image/png".to_owned())?;
    Ok(announced)
}

const fn failed(reason: String) -> DemoError {
    DemoError::JobFailed { job: NAME, reason }
}
