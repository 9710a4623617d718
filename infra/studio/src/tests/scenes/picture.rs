//! Compares pictures and videos pixel by pixel.

use serde_json::Value;

use super::Stage;
use crate::program::{FFMPEG, FFPROBE, run};

/// The shades of grey of one frame of the file at `url`.
pub async fn frame(url: &Value, wanted: Wanted) -> Vec<u8> {
    let url = url.as_str().unwrap();
    let filter = "format=rgb24,format=gray";
    let arguments = ["-v", "error", "-i", url, "-vf", filter, "-f", "rawvideo", "-"];
    let pixels = run(FFMPEG, &arguments, b"").await.unwrap();
    let (width, height) = size(url).await;
    let frames: Vec<_> = pixels.chunks(width * height).collect();
    match wanted {
        Wanted::First => frames[0].to_vec(),
        Wanted::Number(number) => frames[number].to_vec(),
        Wanted::Last => frames.last().unwrap().to_vec(),
    }
}

/// A frame of a video.
#[derive(Clone, Copy)]
pub enum Wanted {
    First,
    Number(usize),
    Last,
}

/// The mean difference of two pictures, in shades of 256.
pub fn difference(one: &[u8], other: &[u8]) -> f64 {
    assert_eq!(one.len(), other.len());
    let sum: u32 = one.iter().zip(other).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
    f64::from(sum) / f64::from(u32::try_from(one.len()).unwrap())
}

/// Frames and seconds of the video at `url`.
pub async fn length(url: &Value) -> (usize, f64) {
    let url = url.as_str().unwrap();
    let frames = probe(url, "nb_read_frames").await;
    (frames.parse().unwrap(), probe(url, "duration").await.parse().unwrap())
}

async fn size(url: &str) -> (usize, usize) {
    (probe(url, "width").await.parse().unwrap(), probe(url, "height").await.parse().unwrap())
}

async fn probe(url: &str, entry: &str) -> String {
    let entry = format!("stream={entry}");
    let arguments =
        ["-v", "error", "-count_frames", "-show_entries", &entry, "-of", "csv=p=0", url];
    String::from_utf8(run(FFPROBE, &arguments, b"").await.unwrap()).unwrap().trim().to_owned()
}

impl Stage {
    /// The first bytes of the file at `url`, and its media type.
    pub async fn begins(&self, url: &Value) -> (Vec<u8>, String) {
        let answer = self.fetch(url).await;
        assert_eq!(answer.status(), 200);
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (answer.bytes().await.unwrap()[..12].to_vec(), kind)
    }
}
