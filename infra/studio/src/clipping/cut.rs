//! Cuts one clip.

use std::ffi::OsStr;
use std::path::Path;

use super::scene::Scene;
use crate::program::{FFMPEG, ProgramError, run};

/// How much before a scene's first frame the cut is, in seconds: less than a frame, and more than the
/// error of its time.
const MARGIN: f64 = 0.001;

/// Encodes `scene` of the video at `source` to an MP4 at `clip`, with the sound if there is any. It is
/// encoded anew because a copy could begin at a key frame only.
pub(super) async fn cut(source: &Path, scene: &Scene, clip: &Path) -> Result<(), ProgramError> {
    let start = format!("{:.6}", (scene.start_seconds - MARGIN).max(0.0));
    let length = format!("{:.6}", scene.seconds());
    let input = ["-v", "error", "-nostdin", "-y", "-threads", "1", "-protocol_whitelist", "file"];
    let place = ["-ss", &start, "-i"];
    let output = [
        ["-t", &length, "-map", "0:v:0", "-map", "0:a:0?", "-vf"].as_slice(),
        &["scale=trunc(iw/2)*2:trunc(ih/2)*2,setsar=1", "-pix_fmt", "yuv420p"],
        &["-c:v", "libx264", "-preset", "medium", "-crf", "21", "-threads", "1", "-c:a", "aac"],
        &["-map_metadata", "-1", "-movflags", "+faststart", "-f", "mp4"],
    ]
    .concat();
    let mut arguments: Vec<&OsStr> = input.into_iter().chain(place).map(OsStr::new).collect();
    arguments.push(source.as_os_str());
    arguments.extend(output.into_iter().map(OsStr::new));
    arguments.push(clip.as_os_str());
    run(FFMPEG, &arguments, b"").await.map(drop)
}
