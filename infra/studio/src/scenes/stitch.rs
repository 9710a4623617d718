//! Joins videos to a film, with transitions.

use serde_json::{Value, json};
use tempfile::TempPath;

use super::appearance::Appearance;
use super::error::SceneError;
use super::ffmpeg::Ffmpeg;
use super::film::Film;
use super::order::StitchOrder;
use super::outcome::Outcome;
use super::probe::{Count, Probe, probe};
use super::timeline::whole;
use super::workspace::Workspace;
use crate::output::KeptFile;

/// Makes the film and its thumbnail. The first scene sets size and frame rate.
pub(super) async fn make(
    workspace: &Workspace<'_>,
    project_id: &str,
    order: &StitchOrder,
) -> Result<Outcome, SceneError> {
    let scenes = fetch(workspace, order).await?;
    let probes: Vec<_> = scenes.iter().map(|(_, probe)| probe).collect();
    let film = Film::plan(order.transition, &probes).ok_or(SceneError::TransitionTooLong)?;
    let command = scenes.iter().fold(Ffmpeg::new(), |command, (file, _)| command.input(file));
    let distance = whole(film.first.rate.per_second()).max(1);
    let frames = film.timeline.frames;
    let [video, thumbnail] = workspace.film(command, &film.graph(), frames, distance).await?;
    let mut members = members(&film, [&video, &thumbnail]);
    members["metadata"]["processing_time"] = json!(workspace.seconds());
    members["metadata"]["stitch_quality"] = json!(Appearance::of(project_id, "").score());
    Ok(Outcome { outputs: vec![video, thumbnail], members })
}

fn members(film: &Film, [video, thumbnail]: [&KeptFile; 2]) -> Value {
    let joins = &film.timeline.joins;
    json!({
        "final_video_url": video.url,
        "thumbnail_url": thumbnail.url,
        "duration": film.seconds(),
        "total_scenes": joins.len() + 1,
        "file_size": video.bytes(),
        "format": "mp4",
        "resolution": format!("{}x{}", film.first.width, film.first.height),
        "metadata": {
            "transitions_applied": joins.iter().filter(|join| join.overlap > 0).count(),
            "audio_tracks": 0,
        },
    })
}

/// A scene's video and its properties.
type Scene = (TempPath, Probe);

/// Downloads and measures the scenes' videos.
async fn fetch(workspace: &Workspace<'_>, order: &StitchOrder) -> Result<Vec<Scene>, SceneError> {
    let mut scenes = Vec::new();
    for (index, url) in order.video_urls.iter().enumerate() {
        let field = format!("scenes.{index}.video_url");
        let video = workspace.fetch(&field, url, &format!(".{index}.video")).await?;
        let probe = probe(&video, Count::Packets).await;
        let probe = probe.map_err(|source| SceneError::NotVideo { field, source })?;
        scenes.push((video, probe));
    }
    Ok(scenes)
}
