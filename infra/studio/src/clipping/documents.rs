//! The transcript and the plan of a task.

use serde_json::{Value, json};

use super::outcome::Clip;
use super::scene::Scene;
use super::source::Source;

/// The transcript: the scenes without words, because there is no speech recognition.
pub(super) fn transcript(source: &Source, scenes: &[Scene]) -> Value {
    let segment = |scene: &Scene| json!({ "start_seconds": scene.start_seconds, "end_seconds": scene.end_seconds, "text": "" });
    json!({
        "source_video_title": source.title,
        "duration_seconds": source.seconds,
        "has_speech_recognition": false,
        "note": "This worker does not recognize speech. The segments are the scenes, without words.",
        "text": "",
        "segments": scenes.iter().map(segment).collect::<Vec<_>>(),
    })
}

/// The plan: every scene with its rating, and which became clips.
pub(super) fn plan(source: &Source, scenes: &[Scene], clips: &[Clip]) -> Value {
    let clip = |(index, clip): (usize, &Clip)| {
        json!({
            "clip_index": index,
            "scene_index": clip.scene.scene_index,
            "start_seconds": clip.scene.start_seconds,
            "duration_ms": clip.duration_ms,
            "virality_score": clip.scene.virality_score,
        })
    };
    json!({
        "source_video_title": source.title,
        "duration_seconds": source.seconds,
        "scenes": scenes,
        "clips": clips.iter().enumerate().map(clip).collect::<Vec<_>>(),
    })
}
