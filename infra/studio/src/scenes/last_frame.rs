//! Takes the last frame out of a video.

use serde_json::json;

use super::bench::Bench;
use super::error::SceneError;
use super::ffmpeg::Ffmpeg;
use super::order::LastFrameOrder;
use super::outcome::Outcome;
use super::probe::{Count, probe};

/// Makes the picture.
pub(super) async fn make(bench: &Bench<'_>, order: &LastFrameOrder) -> Result<Outcome, SceneError> {
    let field = "video_url";
    let video = bench.fetch(field, &order.video_url, ".video").await?;
    let probe = probe(&video, Count::Decoded).await;
    let probe = probe.map_err(|source| SceneError::NotVideo { field: field.to_owned(), source })?;
    let file = bench.file(".last.jpg")?;
    // Every frame is decoded and counted: a seek by time can stop short of the last.
    let filter = format!("select=eq(n\\,{}),scale=out_range=full", probe.frames - 1);
    bench.run(Ffmpeg::new().input(&video).picture(&filter, &file), 1).await?;
    let picture = bench.picture(file).await?;
    let members = json!({
        "last_frame_url": picture.url,
        "width": probe.width,
        "height": probe.height,
        "format": "jpeg",
        "metadata": { "extraction_time": bench.seconds(), "frame_number": probe.frames },
    });
    Ok(Outcome { outputs: vec![picture], members })
}
