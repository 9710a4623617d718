//! Joins videos to a film, one fading into the next.

use serde_json::{Value, json};
use tempfile::TempPath;

use super::bench::Bench;
use super::error::SceneError;
use super::ffmpeg::Ffmpeg;
use super::film::Film;
use super::look::Look;
use super::order::StitchOrder;
use super::outcome::{Outcome, Output};
use super::probe::{Count, Probe, probe};
use super::timeline::whole;

/// Makes the film and its thumbnail. Size and frame rate are those of the first scene.
pub(super) async fn make(
    bench: &Bench<'_>,
    project_id: &str,
    order: &StitchOrder,
) -> Result<Outcome, SceneError> {
    let scenes = fetch(bench, order).await?;
    let probes: Vec<_> = scenes.iter().map(|(_, probe)| probe).collect();
    let film = Film::plan(order.transition, &probes).ok_or(SceneError::TransitionTooLong)?;
    let command = scenes.iter().fold(Ffmpeg::new(), |command, (file, _)| command.input(file));
    let distance = whole(film.first.rate.per_second()).max(1);
    let frames = film.timeline.frames;
    let [video, thumbnail] = bench.film(command, &film.graph(), frames, distance).await?;
    let mut members = members(&film, [&video, &thumbnail]);
    members["metadata"]["processing_time"] = json!(bench.seconds());
    members["metadata"]["stitch_quality"] = json!(Look::of(project_id, "").score());
    Ok(Outcome { outputs: vec![video, thumbnail], members })
}

fn members(film: &Film, [video, thumbnail]: [&Output; 2]) -> Value {
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

/// A scene's video, and what it holds.
type Scene = (TempPath, Probe);

/// The scenes' videos, and what they hold.
async fn fetch(bench: &Bench<'_>, order: &StitchOrder) -> Result<Vec<Scene>, SceneError> {
    let mut scenes = Vec::new();
    for (index, url) in order.video_urls.iter().enumerate() {
        let field = format!("scenes.{index}.video_url");
        let video = bench.fetch(&field, url, &format!(".{index}.video")).await?;
        let probe = probe(&video, Count::Packets).await;
        let probe = probe.map_err(|source| SceneError::NotVideo { field, source })?;
        scenes.push((video, probe));
    }
    Ok(scenes)
}
