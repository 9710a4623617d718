//! The properties of a source video, by ffprobe.

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use url::Url;

use crate::program::{FFPROBE, ProgramError, run};

/// Why a video cannot be clipped.
#[derive(Debug, thiserror::Error)]
pub(super) enum SourceError {
    #[error(transparent)]
    Program(#[from] ProgramError),
    #[error("it has no picture, or no duration")]
    NoPicture,
}

/// The properties of a source video.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Source {
    pub title: String,
    /// Its duration in seconds.
    pub seconds: f64,
}

/// ffprobe's report.
#[derive(Debug, Deserialize)]
struct Report {
    streams: Vec<Stream>,
    format: Format,
}

#[derive(Debug, Deserialize)]
struct Stream {
    codec_type: String,
}

#[derive(Debug, Deserialize)]
struct Format {
    duration: Option<String>,
    #[serde(default)]
    tags: Tags,
}

#[derive(Debug, Default, Deserialize)]
struct Tags {
    title: Option<String>,
}

impl Source {
    /// Measures the video at `path`, which is that of `url`.
    pub async fn read(path: &Path, url: &Url) -> Result<Self, SourceError> {
        let report = probe(path).await?;
        let has_picture = report.streams.iter().any(|stream| stream.codec_type == "video");
        let seconds = report.seconds().filter(|_| has_picture).ok_or(SourceError::NoPicture)?;
        let title = report.format.tags.title.filter(|title| !title.trim().is_empty());
        Ok(Self { title: title.unwrap_or_else(|| name_in(url)), seconds })
    }
}

impl Report {
    fn seconds(&self) -> Option<f64> {
        let seconds = self.format.duration.as_ref()?.parse().ok()?;
        (seconds > 0.0).then_some(seconds)
    }
}

/// The duration of the file at `path` in milliseconds.
pub(super) async fn duration_ms(path: &Path) -> Result<u64, ProgramError> {
    let seconds = probe(path).await?.seconds().unwrap_or_default();
    // Rounded to the nearest.
    let time = Duration::try_from_secs_f64(seconds + 0.0005).unwrap_or_default();
    Ok(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

async fn probe(path: &Path) -> Result<Report, ProgramError> {
    let entries = "format=duration:format_tags=title:stream=codec_type";
    let quiet = ["-v", "error", "-protocol_whitelist", "file"];
    let mut arguments: Vec<&OsStr> = quiet
        .into_iter()
        .chain(["-show_entries", entries, "-of", "json"])
        .map(OsStr::new)
        .collect();
    arguments.push(path.as_os_str());
    let report = run(FFPROBE, &arguments, b"").await?;
    // ffprobe that succeeds prints both members; a format without them has neither stream nor time.
    let nothing = Format { duration: None, tags: Tags::default() };
    Ok(serde_json::from_slice(&report).unwrap_or(Report { streams: Vec::new(), format: nothing }))
}

/// The name of the file in `url`, without its extension.
fn name_in(url: &Url) -> String {
    let last = url.path_segments().and_then(Iterator::last).unwrap_or_default();
    let stem = last.rsplit_once('.').map_or(last, |(stem, _)| stem);
    let named = if stem.is_empty() { url.host_str().unwrap_or_default() } else { stem };
    named.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_is_its_title() {
        for (url, name) in [
            ("http://127.0.0.1:1/videos/my-talk.v2.mp4?x=y", "my-talk.v2"),
            ("http://127.0.0.1:1/talk", "talk"),
            ("http://localhost/", "localhost"),
        ] {
            assert_eq!(name_in(&Url::parse(url).unwrap()), name);
        }
    }
}
