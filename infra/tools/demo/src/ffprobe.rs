//! Checks with ffprobe that a video plays.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::DemoError;

/// Decodes every frame of the video in `file`, which must have some; returns its duration.
pub(crate) async fn playing_time(job: &'static str, file: &Path) -> Result<Duration, DemoError> {
    let entries = "format=duration:stream=nb_read_frames";
    let run = Command::new("ffprobe")
        .args(["-v", "error", "-count_frames", "-select_streams", "v:0"])
        .args(["-show_entries", entries, "-of", "default=noprint_wrappers=1"])
        .arg(file)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output =
        run.await.map_err(|source| DemoError::Resource { what: "ffprobe".into(), source })?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let value = |name: &str| printed.lines().find_map(|line| line.strip_prefix(name));
    let frames = value("nb_read_frames=").and_then(|count| count.parse::<u64>().ok());
    let seconds = value("duration=").and_then(|seconds| seconds.parse().ok());
    let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    duration.filter(|_| frames.is_some_and(|frames| frames > 0)).ok_or_else(|| {
        let reason = "ffprobe found no frame or no duration in the file".to_owned();
        DemoError::JobFailed { job, reason }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_that_does_not_play_is_refused() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("film.mp4");
        std::fs::write(&file, "no film").unwrap();
        assert!(playing_time("film", &file).await.is_err());
        assert!(playing_time("film", &folder.path().join("missing.mp4")).await.is_err());
    }
}
