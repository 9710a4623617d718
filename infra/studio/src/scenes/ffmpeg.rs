//! A command line of ffmpeg, and its run. One processor core and little memory are enough.

use std::ffi::OsString;
use std::path::Path;

use crate::program::{FFMPEG, ProgramError, watch};

/// How much H.264 may lose: a viewer sees nothing below 20.
const RATE_FACTOR: &str = "18";

/// What is to become of a film.
#[derive(Debug)]
pub(super) struct Target<'a> {
    /// How long it is.
    pub frames: u32,
    /// How many frames lie between two key frames.
    pub distance: u32,
    /// Where it goes.
    pub mp4: &'a Path,
    /// Where the small picture of it goes.
    pub thumbnail: &'a Path,
}

/// A command line that grows.
#[derive(Debug)]
pub(super) struct Ffmpeg(Vec<OsString>);

impl Ffmpeg {
    /// Without a file yet. It will say little, and tell its progress.
    pub fn new() -> Self {
        let quiet = ["-hide_banner", "-loglevel", "error", "-nostdin", "-y"];
        Self(Vec::new()).with(&quiet).with(&["-progress", "pipe:1", "-filter_complex_threads", "1"])
    }

    /// Adds `arguments`.
    pub fn with(mut self, arguments: &[&str]) -> Self {
        self.0.extend(arguments.iter().map(OsString::from));
        self
    }

    /// Adds the file at `path` as an input. A playlist in it leads nowhere but to files.
    pub fn input(self, path: &Path) -> Self {
        self.with(&["-threads", "1", "-protocol_whitelist", "file", "-i"]).file(path)
    }

    /// Adds a picture that ffmpeg makes itself as an input.
    pub fn source(self, description: &str) -> Self {
        self.with(&["-f", "lavfi", "-i", description])
    }

    /// Writes what the filter `graph` calls `[film]` to an MP4, and a small picture of
    /// it: in one run, since the start of a program costs more than a short scene. The picture
    /// is an early one, since ffmpeg keeps in memory what comes before it.
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

    /// Writes the first frame that `filter` lets through as a JPEG.
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

    /// Runs it to its end, and tells `on_frame` now and then how many frames are done.
    pub async fn run(self, on_frame: impl Fn(u32)) -> Result<(), ProgramError> {
        watch(FFMPEG, &self.0, b"", |report| frame(report).into_iter().for_each(&on_frame)).await
    }
}

/// The last number of frames that a progress report names.
fn frame(report: &[u8]) -> Option<u32> {
    let report = String::from_utf8_lossy(report);
    report.lines().rev().find_map(|line| line.strip_prefix("frame=")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_report_counts() {
        let report = b"frame=12\nfps=0.0\nprogress=continue\nframe=30\nout_time=1\nprogress=end\n";
        assert_eq!(frame(report), Some(30));
        assert_eq!(frame(b"progress=end\n"), None);
    }
}
