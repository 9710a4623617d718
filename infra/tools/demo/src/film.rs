//! The film: three scenes that become one MP4, from submission to checked file.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use domain::Timestamp;
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::sleep;

use crate::DemoError;
use crate::api::Api;
use crate::display::JobProgress;
use crate::download::fetch;
use crate::event::{Announced, ProjectEvent};
use crate::receiver::{Arrival, Inbox};
use crate::time::now;

/// What the demo calls it.
pub(crate) const NAME: &str = "film";
/// What is to be seen, scene by scene.
const PROMPTS: [&str; 3] =
    ["A red kite over a green hill", "The kite climbs into the clouds", "It comes down at dusk"];
/// How long each scene plays.
const SCENE: Duration = Duration::from_secs(2);
/// How long two scenes overlap at each joint.
const TRANSITION: Duration = Duration::from_millis(500);
/// By how much the film's length may differ: some pictures at 24 a second, at every joint.
const TOLERANCE: Duration = Duration::from_millis(200);
/// Between two looks at the progress.
const LOOK: Duration = Duration::from_millis(200);

/// How the film went.
#[derive(Debug)]
pub(crate) struct Film {
    pub project_id: String,
    pub message_id: String,
    pub file: PathBuf,
    pub announced: Announced,
    pub plays: Duration,
    pub submitted: Timestamp,
    pub completed: Timestamp,
    pub checked: Timestamp,
}

/// Takes the film from submission to a checked file in `output_dir`.
pub(crate) async fn make(
    api: &Api,
    (webhook_url, mut inbox): (String, Inbox),
    output_dir: &Path,
    shown: &JobProgress,
) -> Result<Film, DemoError> {
    let submitted = now();
    let project_id = api.submit_project(&request(&webhook_url)).await?.project_id;
    shown.at(0, "Accepted");
    let arrival = await_webhook(api, &project_id, &mut inbox, shown).await?;
    shown.at(100, "Webhook verified; downloading");
    let event: ProjectEvent = serde_json::from_slice(&arrival.body)?;
    let link = event.film_of(&project_id).map_err(failed)?;
    let file = output_dir.join(format!("{NAME}.mp4"));
    let announced = download(api, &project_id, &link, &file).await?;
    let plays = playing_time(&file).await?;
    if plays.abs_diff(expected()) > TOLERANCE {
        return Err(mismatch("its duration", &expected(), &plays));
    }
    shown.done("Done, and as announced");
    let (message_id, completed, checked) = (arrival.id, event.timestamp, now());
    Ok(Film { project_id, message_id, file, announced, plays, submitted, completed, checked })
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

/// How long the film should play: its scenes, less what they overlap.
fn expected() -> Duration {
    let scenes = u32::try_from(PROMPTS.len()).unwrap_or(0);
    (SCENE * scenes).saturating_sub(TRANSITION * (scenes - 1))
}

/// Shows the progress until the webhook comes.
async fn await_webhook(
    api: &Api,
    project_id: &str,
    inbox: &mut Inbox,
    shown: &JobProgress,
) -> Result<Arrival, DemoError> {
    tokio::select! {
        arrival = inbox.recv() => arrival.unwrap_or(Err(DemoError::Interrupted)),
        failure = watch(api, project_id, shown) => Err(failure),
    }
}

/// Shows the progress for as long as nothing is wrong.
async fn watch(api: &Api, project_id: &str, shown: &JobProgress) -> DemoError {
    loop {
        let project = match api.project(project_id).await {
            Ok(project) => project,
            Err(error) => return error,
        };
        let (done, all) = (project.steps_done.len(), PROMPTS.len() * 2 + 1);
        match project.status.as_str() {
            "failed" | "cancelled" => {
                return failed(project.error.map_or(project.status, |error| error.message));
            }
            "completed" => shown.at(100, "Stored; waiting for the webhook"),
            _ => shown.at(project.progress_percent, &format!("{done} of {all} steps done")),
        }
        sleep(LOOK).await;
    }
}

/// Downloads the film, and holds it against what its job says of it.
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

/// How long `file` plays, by ffprobe.
async fn playing_time(file: &Path) -> Result<Duration, DemoError> {
    let run = Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0"])
        .arg(file)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output =
        run.await.map_err(|source| DemoError::Machine { what: "ffprobe".into(), source })?;
    let told = String::from_utf8_lossy(&output.stdout).trim().parse().ok();
    let told = told.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    told.ok_or_else(|| failed("ffprobe finds no duration in it".to_owned()))
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

    #[tokio::test]
    async fn what_does_not_play_is_noticed() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("film.mp4");
        std::fs::write(&file, "no film").unwrap();
        assert!(playing_time(&file).await.is_err());
    }
}
