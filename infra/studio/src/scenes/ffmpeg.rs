//! Builds and runs a command line of ffmpeg. One processor core and little memory suffice.

use std::ffi::OsString;
use std::path::Path;

use crate::program::{FFMPEG, ProgramError, run_watched};

/// H.264's constant rate factor: losses are invisible below 20.
const RATE_FACTOR: &str = "18";

/// The files to make from a film.
#[derive(Debug)]
pub(super) struct Target<'a> {
    /// Its length in frames.
    pub frames: u32,
    /// The number of frames between two key frames.
    pub distance: u32,
    /// The path of the video.
    pub mp4: &'a Path,
    /// The path of the thumbnail.
    pub thumbnail: &'a Path,
}

/// A command line under construction.
#[derive(Debug)]
pub(super) struct Ffmpeg(Vec<OsString>);

impl Ffmpeg {
    /// A command without inputs, that logs only errors and reports its progress.
    pub fn new() -> Self {
        let quiet = ["-hide_banner", "-loglevel", "error", "-nostdin", "-y"];
        Self(Vec::new()).with(&quiet).with(&["-progress", "pipe:1", "-filter_complex_threads", "1"])
    }

    /// Adds `arguments`.
    pub fn with(mut self, arguments: &[&str]) -> Self {
        self.0.extend(arguments.iter().map(OsString::from));
        self
    }

    /// Adds the file at `path` as an input. A playlist in it can refer to files only.
    pub fn input(self, path: &Path) -> Self {
        self.with(&["-threads", "1", "-protocol_whitelist", "file", "-i"]).file(path)
    }

    /// Adds a generated picture as an input.
    pub fn source(self, description: &str) -> Self {
        self.with(&["-f", "lavfi", "-i", description])
    }

    /// Writes the `[film]` of the filter `graph` to an MP4 and a thumbnail: in one run, because the
    /// start of a program costs more than a short scene. The thumbnail is an early frame, because
    /// ffmpeg keeps all frames before it in memory.
    pub fn film(self, graph: &str, target: &Target<'_>) -> Self {
        let Target { frames, distance, mp4, thumbnail } = target;
        let graph = format!(
            "{graph};[film]split[whole][copy];\
             [copy]select=eq(n\\,{}),setpts=0,scale=w='min(320,iw)':h=-2:out_range=full[small]",
            distance.min(&(frames / 2))
        );
        self.with(&["-filter_complex", &graph, "-map", "[whole]", "-frames:v", &frames.to_string()])
            .with(&["-c:v", "libx264", "-preset", "ultrafast", "-crf", RATE_FACTOR])
            .with(&["-g", &distance.to_string(), "-threads", "1", "-pix_fmt", "yuv420p"])
            .with(&["-movflags", "+faststart", "-f", "mp4"])
            .file(mp4)
            .with(&["-map", "[small]"])
            .jpeg(thumbnail)
    }

    /// Writes the first frame that passes `filter` as a JPEG.
    pub fn picture(self, filter: &str, path: &Path) -> Self {
        self.with(&["-vf", filter, "-vsync", "passthrough"]).jpeg(path)
    }

    /// One frame as a JPEG of the best quality.
    fn jpeg(self, path: &Path) -> Self {
        self.with(&["-frames:v", "1", "-threads", "1", "-qmin", "1", "-q:v", "1"])
            .with(&["-update", "1", "-f", "image2"])
            .file(path)
    }

    fn file(mut self, path: &Path) -> Self {
        self.0.push(path.into());
        self
    }

    /// Runs it to its end, and passes the number of finished frames to `on_frame`.
    pub async fn run(self, on_frame: impl Fn(u32)) -> Result<(), ProgramError> {
        run_watched(FFMPEG, &self.0, b"", |report| frame(report).into_iter().for_each(&on_frame))
            .await
    }
}

/// The last number of frames in a progress report.
fn frame(report: &[u8]) -> Option<u32> {
    let report = String::from_utf8_lossy(report);
    report.lines().rev().find_map(|line| line.strip_prefix("frame=")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_report_of_frames_is_used() {
        let report = b"frame=12\nfps=0.0\nprogress=continue\nframe=30\nout_time=1\nprogress=end\n";
        assert_eq!(frame(report), Some(30));
        assert_eq!(frame(b"progress=end\n"), None);
    }
}
