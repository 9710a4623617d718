//! Makes a scene's video from its prompt, starting with a given first frame.

use serde_json::{Value, json};
use tempfile::TempPath;

use super::appearance::Appearance;
use super::error::SceneError;
use super::ffmpeg::Ffmpeg;
use super::order::VideoOrder;
use super::outcome::Outcome;
use super::timeline::whole;
use super::workspace::Workspace;
use crate::output::KeptFile;

/// The model's name in the webhook.
const MODEL: &str = "hookreel-studio-1";

/// Makes the video and its thumbnail.
pub(super) async fn make(
    workspace: &Workspace<'_>,
    order: &VideoOrder,
) -> Result<Outcome, SceneError> {
    let first = match &order.first_frame_url {
        Some(url) => Some(workspace.fetch("first_frame_url", url, ".first").await?),
        None => None,
    };
    let frames = whole(order.duration * f64::from(order.fps)).max(1);
    let appearance = Appearance::of(&order.prompt, &order.options);
    let (command, graph) = command(order, &appearance, first.as_ref(), frames);
    let [video, thumbnail] = workspace.film(command, &graph, frames, order.fps).await?;
    let seconds = f64::from(frames) / f64::from(order.fps);
    let members = members(order, &appearance, seconds, workspace.seconds(), [&video, &thumbnail]);
    Ok(Outcome { outputs: vec![video, thumbnail], members })
}

/// The command with its inputs, and the filters that make the film.
fn command(
    order: &VideoOrder,
    appearance: &Appearance,
    first: Option<&TempPath>,
    frames: u32,
) -> (Ffmpeg, String) {
    let VideoOrder { width, height, fps, .. } = *order;
    let even = format!("format=yuv420p,setsar=1,settb=1/{fps}");
    let own = format!("[0:v][1:v]{},{even}", appearance.wander());
    let command = Ffmpeg::new()
        .source(&appearance.gradient(width, height, fps))
        .source(&appearance.square(width, height, fps));
    let Some(first) = first else {
        return (command, format!("{own}[film]"));
    };
    let fade = (frames / 3).max(1);
    // One picture, which a filter repeats for the length of the fade. An option that repeats the
    // input would have to be set before the input is known to be a picture.
    let graph = format!(
        "{own}[own];[2:v]trim=end_frame=1,scale={width}:{height}:out_range=tv,\
         tpad=stop={fade}:stop_mode=clone,{even}[first];\
         [first][own]xfade=offset=0:duration={:.6}[film]",
        f64::from(fade) / f64::from(fps)
    );
    (command.with(&["-r", &fps.to_string()]).input(first), graph)
}

fn members(
    order: &VideoOrder,
    appearance: &Appearance,
    seconds: f64,
    processing_seconds: f64,
    [video, thumbnail]: [&KeptFile; 2],
) -> Value {
    json!({
        "video_url": video.url,
        "thumbnail_url": thumbnail.url,
        "duration": seconds,
        "fps": order.fps,
        "width": order.width,
        "height": order.height,
        "quality_score": appearance.score(),
        "metadata": { "model": MODEL, "processing_time": processing_seconds },
    })
}
