//! A sine tone that follows from the text alone, for tests that need a real WAV at once.

use std::f64::consts::TAU;

const SAMPLES_PER_SECOND: u32 = 8000;
const SAMPLES_PER_CHARACTER: usize = 80;
/// Half a minute, so that a long text takes no longer.
const MAX_SAMPLES: usize = 30 * SAMPLES_PER_SECOND as usize;
const BYTES_PER_SAMPLE: u32 = 2;

/// A mono WAV of 16 bits, 10 ms per character; the pitch follows from the text.
pub(super) fn wav(text: &str) -> Vec<u8> {
    let count = (text.chars().count() * SAMPLES_PER_CHARACTER).min(MAX_SAMPLES);
    let hertz = 220.0 + f64::from(text.bytes().fold(0_u8, u8::wrapping_add));
    let mut file = header(u32::try_from(count).unwrap_or(u32::MAX));
    for sample in 0..count {
        file.extend_from_slice(&amplitude(sample, hertz).to_le_bytes());
    }
    file
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "few samples, and 12,000 fits sixteen bits"
)]
fn amplitude(sample: usize, hertz: f64) -> i16 {
    let seconds = sample as f64 / f64::from(SAMPLES_PER_SECOND);
    ((TAU * hertz * seconds).sin() * 12_000.0) as i16
}

/// The 44 bytes before the samples: RIFF, a `fmt ` chunk for PCM, and the head of `data`.
fn header(samples: u32) -> Vec<u8> {
    const CHANNELS: u16 = 1;
    const PCM: u16 = 1;
    let data_bytes = samples * BYTES_PER_SAMPLE;
    let mut header = Vec::with_capacity(44 + data_bytes as usize);
    header.extend_from_slice(b"RIFF");
    header.extend_from_slice(&(36 + data_bytes).to_le_bytes());
    header.extend_from_slice(b"WAVEfmt ");
    header.extend_from_slice(&16_u32.to_le_bytes());
    header.extend_from_slice(&PCM.to_le_bytes());
    header.extend_from_slice(&CHANNELS.to_le_bytes());
    header.extend_from_slice(&SAMPLES_PER_SECOND.to_le_bytes());
    header.extend_from_slice(&(SAMPLES_PER_SECOND * BYTES_PER_SAMPLE).to_le_bytes());
    header.extend_from_slice(&[2, 0, 16, 0]);
    header.extend_from_slice(b"data");
    header.extend_from_slice(&data_bytes.to_le_bytes());
    header
}
