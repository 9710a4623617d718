//! Makes a scene's video from its prompt, begun with the picture that it is given.

use serde_json::{Value, json};
use tempfile::TempPath;

use super::bench::Bench;
use super::error::SceneError;
use super::ffmpeg::Ffmpeg;
use super::look::Look;
use super::order::VideoOrder;
use super::outcome::{Outcome, Output};
use super::timeline::whole;

/// Which model made it, as far as customers are concerned.
const MODEL: &str = "hookreel-studio-1";

/// Makes the video and its thumbnail.
pub(super) async fn make(bench: &Bench<'_>, order: &VideoOrder) -> Result<Outcome, SceneError> {
    let first = match &order.first_frame_url {
        Some(url) => Some(bench.fetch("first_frame_url", url, ".first").await?),
        None => None,
    };
    let frames = whole(order.duration * f64::from(order.fps)).max(1);
    let look = Look::of(&order.prompt, &order.options);
    let (command, graph) = command(order, &look, first.as_ref(), frames);
    let [video, thumbnail] = bench.film(command, &graph, frames, order.fps).await?;
    let seconds = f64::from(frames) / f64::from(order.fps);
    let members = members(order, &look, seconds, bench.seconds(), [&video, &thumbnail]);
    Ok(Outcome { outputs: vec![video, thumbnail], members })
}

/// The inputs, and the filters that make the film of them.
fn command(
    order: &VideoOrder,
    look: &Look,
    first: Option<&TempPath>,
    frames: u32,
) -> (Ffmpeg, String) {
    let VideoOrder { width, height, fps, .. } = *order;
    let even = format!("format=yuv420p,setsar=1,settb=1/{fps}");
    let own = format!("[0:v][1:v]{},{even}", look.wander());
    let command = Ffmpeg::new()
        .source(&look.gradient(width, height, fps))
        .source(&look.square(width, height, fps));
    let Some(first) = first else {
        return (command, format!("{own}[film]"));
    };
    let fade = (frames / 3).max(1);
    // One picture, seen as long as the fade lasts; it cannot be told to repeat itself before it
    // is known to be a picture.
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
    look: &Look,
    seconds: f64,
    processing_seconds: f64,
    [video, thumbnail]: [&Output; 2],
) -> Value {
    json!({
        "video_url": video.url,
        "thumbnail_url": thumbnail.url,
        "duration": seconds,
        "fps": order.fps,
        "width": order.width,
        "height": order.height,
        "quality_score": look.score(),
        "metadata": { "model": MODEL, "processing_time": processing_seconds },
    })
}
