//! Makes the film: three scenes become one MP4, from submission to the checked file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::Timestamp;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::DemoError;
use crate::api::Api;
use crate::display::JobProgress;
use crate::download::fetch;
use crate::event::{Announced, ProjectEvent};
use crate::ffprobe::playing_time;
use crate::receiver::{Arrival, Inbox};
use crate::time::now;

/// The demo's name for it.
pub(crate) const NAME: &str = "film";
/// The prompts of the scenes.
const PROMPTS: [&str; 3] =
    ["A red kite over a green hill", "The kite climbs into the clouds", "It comes down at dusk"];
/// Its tasks: the video and the last frame of each scene, and the film.
pub(crate) const TASKS: usize = PROMPTS.len() * 2 + 1;
/// The duration of each scene.
const SCENE: Duration = Duration::from_secs(2);
/// The duration of the transition between two scenes.
const TRANSITION: Duration = Duration::from_millis(500);
/// How much the film's duration may differ: a few frames, at 24 a second, per transition.
const TOLERANCE: Duration = Duration::from_millis(200);
/// Time between two polls of the progress.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// The film, and its times.
#[derive(Debug)]
pub(crate) struct Film {
    pub project_id: String,
    pub message_id: String,
    pub file: PathBuf,
    pub announced: Announced,
    pub playing_time: Duration,
    pub submitted: Timestamp,
    pub completed: Timestamp,
    pub checked: Timestamp,
}

/// Makes the film, from submission to a checked file in `output_dir`.
pub(crate) async fn make(
    api: &Api,
    (webhook_url, mut inbox): (String, Inbox),
    output_dir: &Path,
    progress: &JobProgress,
) -> Result<Film, DemoError> {
    let submitted = now();
    let project_id = api.submit_project(&request(&webhook_url)).await?.project_id;
    progress.at(0, "Accepted");
    let arrival = await_webhook(api, &project_id, &mut inbox, progress).await?;
    progress.at(100, "Webhook verified; downloading");
    let event: ProjectEvent = serde_json::from_slice(&arrival.body)?;
    let link = event.film_of(&project_id).map_err(failed)?;
    let file = output_dir.join(format!("{NAME}.mp4"));
    let announced = download(api, &project_id, &link, &file).await?;
    let playing_time = playing_time(NAME, &file).await?;
    if playing_time.abs_diff(expected()) > TOLERANCE {
        return Err(mismatch("its duration", &expected(), &playing_time));
    }
    progress.done("Done, and as announced");
    let (message_id, completed, checked) = (arrival.id, event.timestamp.0, now());
    Ok(Film {
        project_id,
        message_id,
        file,
        announced,
        playing_time,
        submitted,
        completed,
        checked,
    })
}

fn request(webhook_url: &str) -> Value {
    let scene = |prompt| json!({ "prompt": prompt, "duration": SCENE.as_secs_f64() });
    json!({
        "scenes": PROMPTS.map(scene),
        "stitch": { "transition": "fade", "transition_duration": TRANSITION.as_secs_f64() },
        "width": 320, "height": 180, "fps": 24,
        "webhook_url": webhook_url,
    })
}

/// The expected duration: that of the scenes, less their overlaps.
fn expected() -> Duration {
    let scenes = u32::try_from(PROMPTS.len()).unwrap_or(0);
    (SCENE * scenes).saturating_sub(TRANSITION * (scenes - 1))
}

/// Shows the progress until the webhook arrives.
async fn await_webhook(
    api: &Api,
    project_id: &str,
    inbox: &mut Inbox,
    progress: &JobProgress,
) -> Result<Arrival, DemoError> {
    tokio::select! {
        arrival = inbox.recv() => arrival.unwrap_or(Err(DemoError::Interrupted)),
        failure = watch(api, project_id, progress) => Err(failure),
    }
}

/// Shows the progress until an error.
async fn watch(api: &Api, project_id: &str, progress: &JobProgress) -> DemoError {
    loop {
        let project = match api.project(project_id).await {
            Ok(project) => project,
            Err(error) => return error,
        };
        let (done, all) = (project.steps_done.len(), TASKS);
        match project.status.as_str() {
            "failed" | "cancelled" => {
                return failed(project.error.map_or(project.status, |error| error.message));
            }
            "completed" => progress.at(100, "Stored; waiting for the webhook"),
            _ => progress.at(project.progress_percent, &format!("{done} of {all} steps done")),
        }
        sleep(POLL_INTERVAL).await;
    }
}

/// Downloads the film, and compares it with the output of its job.
async fn download(
    api: &Api,
    project_id: &str,
    link: &str,
    file: &Path,
) -> Result<Announced, DemoError> {
    let announced = api.outputs(&format!("{project_id}-stitch")).await?.into_iter().next();
    let announced = announced.ok_or_else(|| failed("its job has no output".to_owned()))?;
    let fetched = fetch(api, link, file).await?;
    if announced.bytes != fetched.bytes {
        return Err(mismatch("its size", &announced.bytes, &fetched.bytes));
    }
    if announced.sha256 != fetched.sha256 {
        return Err(mismatch("its SHA-256", &announced.sha256, &fetched.sha256));
    }
    Ok(announced)
}

const fn failed(reason: String) -> DemoError {
    DemoError::JobFailed { job: NAME, reason }
}

fn mismatch<T: std::fmt::Debug>(what: &'static str, announced: &T, found: &T) -> DemoError {
    let (announced, found) = (format!("{announced:?}"), format!("{found:?}"));
    DemoError::Mismatch { job: NAME, what, announced, found }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_film_is_as_long_as_its_scenes_less_their_overlaps() {
        assert_eq!(expected(), Duration::from_secs(5));
    }
}
