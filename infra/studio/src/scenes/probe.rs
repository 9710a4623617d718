//! Measures a video with ffprobe.

use std::ffi::OsStr;
use std::path::Path;

use serde::Deserialize;

use super::error::ProbeError;
use crate::program::{FFPROBE, run};

/// How the frames of a video are counted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Count {
    /// By its packets, without decoding.
    Packets,
    /// By decoding them: what cannot be decoded does not count.
    Decoded,
}

/// The properties of a video.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Probe {
    pub width: u32,
    pub height: u32,
    pub rate: Rate,
    pub frames: u32,
}

/// Frames a second, as a fraction: 30000/1001 is not a decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    pub numerator: u32,
    pub denominator: u32,
}

impl Rate {
    /// Frames a second.
    pub fn per_second(self) -> f64 {
        f64::from(self.numerator) / f64::from(self.denominator)
    }

    fn parse(text: &str) -> Option<Self> {
        let (numerator, denominator) = text.split_once('/')?;
        let rate =
            Self { numerator: numerator.parse().ok()?, denominator: denominator.parse().ok()? };
        (rate.numerator > 0 && rate.denominator > 0).then_some(rate)
    }
}

impl Probe {
    /// Its length in seconds.
    pub fn seconds(&self) -> f64 {
        f64::from(self.frames) / self.rate.per_second()
    }
}

/// ffprobe's report; it gives counts as text.
#[derive(Debug, Deserialize)]
struct Report {
    streams: Vec<Stream>,
}

#[derive(Debug, Deserialize)]
struct Stream {
    width: u32,
    height: u32,
    r_frame_rate: String,
    nb_read_packets: Option<String>,
    nb_read_frames: Option<String>,
}

/// Measures the video at `path`.
pub(crate) async fn probe(path: &Path, count: Count) -> Result<Probe, ProbeError> {
    let count = match count {
        Count::Packets => "-count_packets",
        Count::Decoded => "-count_frames",
    };
    let entries = "stream=width,height,r_frame_rate,nb_read_packets,nb_read_frames";
    let mut arguments = [
        "-v",
        "error",
        "-threads",
        "1",
        "-protocol_whitelist",
        "file",
        count,
        "-select_streams",
        "v:0",
        "-show_entries",
        entries,
        "-of",
        "json",
    ]
    .map(OsStr::new)
    .to_vec();
    arguments.push(path.as_os_str());
    let report = run(FFPROBE, &arguments, b"").await?;
    read(&report).ok_or(ProbeError::NoPicture)
}

fn read(report: &[u8]) -> Option<Probe> {
    let report: Report = serde_json::from_slice(report).ok()?;
    let stream = report.streams.into_iter().next()?;
    let frames = stream.nb_read_frames.or(stream.nb_read_packets)?.parse().ok()?;
    let rate = Rate::parse(&stream.r_frame_rate)?;
    (frames > 0).then_some(Probe { width: stream.width, height: stream.height, rate, frames })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_without_a_video_stream_is_refused() {
        assert_eq!(read(br#"{"streams":[]}"#), None);
        let stream = br#"{"streams":[{"width":96,"height":54,"r_frame_rate":"30000/1001","nb_read_frames":"7"}]}"#;
        let probe = read(stream).unwrap();
        assert_eq!((probe.width, probe.height, probe.frames), (96, 54, 7));
        assert!((probe.rate.per_second() - 29.97).abs() < 0.001);
    }
}
