//! Cuts a video into clips: from submission, by live events, to the checked files.

use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::Timestamp;
use serde_json::{Value, json};

use crate::DemoError;
use crate::api::Api;
use crate::display::JobProgress;
use crate::download::fetch;
use crate::event::{Announced, Clipped, ClippedJob, Event};
use crate::ffprobe::playing_time;
use crate::live::{Heard, Live};
use crate::receiver::{Arrival, Inbox};
use crate::source::{CHANGES, SourceVideo, TITLE};
use crate::time::now;

/// The demo's name for it.
pub(crate) const NAME: &str = "clips";
/// How many clips are asked for: one less than there are scenes, so that the worst rated is left out.
pub(crate) const CLIPS: usize = CHANGES;
/// What is stored besides: the transcript and the plan.
const DOCUMENTS: usize = 2;
/// How much the duration that ffprobe finds may differ from the announced milliseconds.
const TOLERANCE: Duration = Duration::from_millis(1);

/// The clips, and how they came about.
#[derive(Debug)]
pub(crate) struct Clips {
    pub job_id: String,
    pub message_id: String,
    pub source: PathBuf,
    pub credits: u64,
    /// The live events.
    pub heard: Heard,
    pub files: Vec<Clip>,
    pub submitted: Timestamp,
    pub completed: Timestamp,
    pub checked: Timestamp,
}

/// A clip as it was downloaded.
#[derive(Debug)]
pub(crate) struct Clip {
    pub file: PathBuf,
    pub playing_time: Duration,
    pub score: f64,
}

/// Has the clips made, and checks them in `output_dir`. Live events must report progress at least
/// `least_progress` times.
pub(crate) async fn make(
    api: &Api,
    (webhook_url, mut inbox): (String, Inbox),
    output_dir: &Path,
    least_progress: usize,
    progress: &JobProgress,
) -> Result<Clips, DemoError> {
    progress.at(0, "Making a video to cut");
    let source = SourceVideo::serve(output_dir).await?;
    let submitted = now();
    let job_id = api.clip(&request(&source.url, &webhook_url)).await?.job_id;
    progress.at(0, "Accepted");
    let live = Live::open(api, &job_id).await?;
    let (heard, arrival) = tokio::try_join!(live.until_end(NAME, progress), webhook(&mut inbox))?;
    if heard.progress < least_progress {
        return Err(DemoError::Live { reason: "they reported no progress".to_owned() });
    }
    progress.at(100, "Webhook verified; downloading");
    let clipped = read(&job_id, &arrival)?;
    let completed = clipped.data.completed_at.0;
    let files = download(api, &clipped.data, output_dir).await?;
    progress.done("Done, and as announced");
    Ok(Clips {
        job_id,
        message_id: arrival.id,
        source: source.file,
        credits: clipped.credits,
        heard,
        files,
        submitted,
        completed,
        checked: now(),
    })
}

fn request(video_url: &str, webhook_url: &str) -> Value {
    json!({ "video_url": video_url, "max_clips": CLIPS, "webhook_url": webhook_url })
}

async fn webhook(inbox: &mut Inbox) -> Result<Arrival, DemoError> {
    inbox.recv().await.unwrap_or(Err(DemoError::Interrupted))
}

/// Parses the webhook, which must be for the completed job with all clips.
fn read(job_id: &str, arrival: &Arrival) -> Result<Clipped, DemoError> {
    let event: Event = serde_json::from_slice(&arrival.body)?;
    if event.job_id != job_id {
        return Err(failed(format!("its webhook is for another job, {}", event.job_id)));
    }
    if event.kind != "job.completed" {
        return Err(failed(event.error.unwrap_or(event.kind)));
    }
    let clipped: Clipped = serde_json::from_slice(&arrival.body)?;
    same("its title", TITLE.to_owned(), clipped.data.source_video_title.clone())?;
    same("the number of its clips", CLIPS.to_string(), clipped.data.total_clips.to_string())?;
    same("whether clips are missing", "false".to_owned(), clipped.partial.to_string())?;
    let outputs = clipped.data.outputs.len();
    same("the number of its files", (CLIPS + DOCUMENTS).to_string(), outputs.to_string())?;
    Ok(clipped)
}

/// Downloads every file; returns the clips.
async fn download(api: &Api, job: &ClippedJob, output_dir: &Path) -> Result<Vec<Clip>, DemoError> {
    let mut clips = Vec::new();
    for announced in &job.outputs {
        let extension = if announced.index.is_some() { "mp4" } else { "json" };
        let file = output_dir.join(format!("{}.{extension}", announced.name));
        let fetched = fetch(api, &announced.url, &file).await?;
        same("its size", announced.bytes.to_string(), fetched.bytes.to_string())?;
        same("its SHA-256", announced.sha256.clone(), fetched.sha256)?;
        if announced.index.is_some() {
            clips.push(check(announced, file).await?);
        }
    }
    same("the number of its clips", CLIPS.to_string(), clips.len().to_string())?;
    Ok(clips)
}

/// Checks that a clip plays, for as long as announced.
async fn check(announced: &Announced, file: PathBuf) -> Result<Clip, DemoError> {
    same("its media type", announced.content_type.clone(), "video/mp4".to_owned())?;
    let duration = Duration::from_millis(announced.duration_ms.unwrap_or_default());
    let playing_time = playing_time(NAME, &file).await?;
    if playing_time.abs_diff(duration) > TOLERANCE {
        return Err(mismatch("its duration", format!("{duration:?}"), format!("{playing_time:?}")));
    }
    let score = announced.attributes.get("virality_score").and_then(Value::as_f64);
    let score = score.ok_or_else(|| failed("a clip has no score".to_owned()))?;
    Ok(Clip { file, playing_time, score })
}

fn same(what: &'static str, announced: String, found: String) -> Result<(), DemoError> {
    if announced == found { Ok(()) } else { Err(mismatch(what, announced, found)) }
}

const fn mismatch(what: &'static str, announced: String, found: String) -> DemoError {
    DemoError::Mismatch { job: NAME, what, announced, found }
}

const fn failed(reason: String) -> DemoError {
    DemoError::JobFailed { job: NAME, reason }
}
