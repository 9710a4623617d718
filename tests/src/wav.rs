//! A small WAV file whose length is known.

/// How long [`sample`] plays, in milliseconds.
pub const SAMPLE_MS: u64 = 250;

const BYTES_PER_SECOND: u32 = 16_000;

/// A quarter of a second of silence: mono, 16 bits, 8,000 samples a second.
#[must_use]
pub fn sample() -> Vec<u8> {
    let data = BYTES_PER_SECOND / 4;
    let mut file = Vec::new();
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(36 + data).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&[16, 0, 0, 0, 1, 0, 1, 0]);
    file.extend_from_slice(&(BYTES_PER_SECOND / 2).to_le_bytes());
    file.extend_from_slice(&BYTES_PER_SECOND.to_le_bytes());
    file.extend_from_slice(&[2, 0, 16, 0]);
    file.extend_from_slice(b"data");
    file.extend_from_slice(&data.to_le_bytes());
    file.resize(44 + data as usize, 0);
    file
}

/// How long the WAV file `bytes` plays, in milliseconds, by its own header.
#[must_use]
pub fn duration_ms(bytes: &[u8]) -> u64 {
    let number = |at: usize| u64::from(u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()));
    assert_eq!((&bytes[..4], &bytes[8..16]), (&b"RIFF"[..], &b"WAVEfmt "[..]));
    assert_eq!(&bytes[36..40], b"data");
    number(40) * 1000 / number(28)
}
