//! Measures every frame of a video with ffmpeg: how much it differs from the one before, and its
//! contrast.

use std::ffi::OsStr;
use std::path::Path;

use crate::program::{FFMPEG, ProgramError, run_watched};

/// The filters. The picture is small because only its statistics count. A time base of a microsecond
/// makes times whole numbers, where ffmpeg's seconds have six digits only.
const FILTERS: &str =
    "scale=160:90,settb=1/1000000,select='gte(scene,0)',signalstats,metadata=mode=print:file=-";

/// What was measured of one frame.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Frame {
    /// Its time in seconds.
    pub seconds: f64,
    /// How probable a change of scene before it is, from 0 to 1.
    pub change: f64,
    /// The mean difference of its luma to that of the frame before, in shades of 256.
    pub motion: f64,
    /// The difference of its bright and its dark parts (the 90th and the 10th percentile), in shades.
    pub contrast: f64,
}

/// Measures the video at `path`; passes the time of each frame to `on_frame`.
pub(super) async fn measure(
    path: &Path,
    mut on_frame: impl FnMut(f64),
) -> Result<Vec<Frame>, ProgramError> {
    let before = ["-v", "error", "-nostdin", "-threads", "1", "-protocol_whitelist", "file", "-i"];
    let after = ["-map", "0:v:0", "-vf", FILTERS, "-f", "null", "-"];
    let mut arguments: Vec<&OsStr> = before.map(OsStr::new).to_vec();
    arguments.push(path.as_os_str());
    arguments.extend(after.map(OsStr::new));
    let mut report = Report::default();
    run_watched(FFMPEG, &arguments, b"", |bytes| {
        report.read(bytes);
        report.frames.last().into_iter().for_each(|frame| on_frame(frame.seconds));
    })
    .await?;
    Ok(report.frames)
}

/// ffmpeg's report, read piece by piece.
#[derive(Debug, Default)]
struct Report {
    frames: Vec<Frame>,
    /// The beginning of a line that is not complete.
    rest: Vec<u8>,
}

impl Report {
    fn read(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else { return };
        let complete: Vec<u8> = self.rest.drain(..=end).collect();
        String::from_utf8_lossy(&complete).lines().for_each(|line| self.read_line(line));
    }

    fn read_line(&mut self, line: &str) {
        if line.starts_with("frame:") {
            let pts = line.split_whitespace().find_map(|word| word.strip_prefix("pts:"));
            let seconds = pts.and_then(|pts| pts.parse::<f64>().ok()).unwrap_or_default() / 1e6;
            self.frames.push(Frame { seconds, ..Frame::default() });
            return;
        }
        let Some((frame, (name, value))) = self.frames.last_mut().zip(line.split_once('=')) else {
            return;
        };
        let Ok(value) = value.parse::<f64>() else { return };
        match name {
            "lavfi.scene_score" => frame.change = value,
            "lavfi.signalstats.YDIF" => frame.motion = value,
            "lavfi.signalstats.YHIGH" => frame.contrast += value,
            "lavfi.signalstats.YLOW" => frame.contrast -= value,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read_in_any_pieces() {
        let text = "frame:0    pts:0       pts_time:0\nlavfi.scene_score=0.000000\n\
                    lavfi.signalstats.YLOW=41\nlavfi.signalstats.YHIGH=210\n\
                    frame:1    pts:41667   pts_time:0.041667\nlavfi.scene_score=0.456130\n\
                    lavfi.signalstats.YDIF=12.5\n";
        let frames = [
            Frame { contrast: 169.0, ..Frame::default() },
            Frame { seconds: 0.041_667, change: 0.456_13, motion: 12.5, contrast: 0.0 },
        ];
        for size in [1, 7, text.len()] {
            let mut report = Report::default();
            text.as_bytes().chunks(size).for_each(|piece| report.read(piece));
            assert_eq!(report.frames, frames, "in pieces of {size}");
        }
    }
}
