//! Extracts the last frame of a video.

use serde_json::json;

use super::error::SceneError;
use super::ffmpeg::Ffmpeg;
use super::order::LastFrameOrder;
use super::outcome::Outcome;
use super::probe::{Count, probe};
use super::workspace::Workspace;

/// Makes the JPEG.
pub(super) async fn make(
    workspace: &Workspace<'_>,
    order: &LastFrameOrder,
) -> Result<Outcome, SceneError> {
    let field = "video_url";
    let video = workspace.fetch(field, &order.video_url, ".video").await?;
    let probe = probe(&video, Count::Decoded).await;
    let probe = probe.map_err(|source| SceneError::NotVideo { field: field.to_owned(), source })?;
    let file = workspace.file(".last.jpg")?;
    // Every frame is decoded and counted: a seek by time can stop short of the last.
    let filter = format!("select=eq(n\\,{}),scale=out_range=full", probe.frames - 1);
    workspace.run(Ffmpeg::new().input(&video).picture(&filter, &file), 1).await?;
    let picture = workspace.picture(file).await?;
    let members = json!({
        "last_frame_url": picture.url,
        "width": probe.width,
        "height": probe.height,
        "format": "jpeg",
        "metadata": { "extraction_time": workspace.seconds(), "frame_number": probe.frames },
    });
    Ok(Outcome { outputs: vec![picture], members })
}
