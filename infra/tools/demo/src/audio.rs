//! Reads the header of a WAV: whether it is valid, and its playing time.

/// The length of `fmt ` for plain PCM, its minimum.
const FORMAT_BYTES: usize = 16;

/// The playing time, in milliseconds, of the WAV of `length` bytes that begins with `head`. The
/// error says what is wrong with it.
pub(crate) fn duration_ms(head: &[u8], length: u64) -> Result<u64, &'static str> {
    if head.get(..4) != Some(b"RIFF") || head.get(8..12) != Some(b"WAVE") {
        return Err("it does not begin with a RIFF header for WAVE");
    }
    if number(head, 4).map(|size| size + 8) != Some(length) {
        return Err("the length in its RIFF header is not its own");
    }
    let (mut position, mut bytes_per_second) = (12, None);
    while let (Some(name), Some(size)) =
        (head.get(position..position + 4), number(head, position + 4))
    {
        let body = position + 8;
        match name {
            b"fmt " if head.len() >= body + FORMAT_BYTES => {
                bytes_per_second = number(head, body + 8).filter(|rate| *rate > 0);
            }
            b"data" => {
                let rate = bytes_per_second.ok_or("its samples come before their format")?;
                let complete = body as u64 + size <= length;
                return if complete { Ok(size * 1000 / rate) } else { Err("it breaks off") };
            }
            _ => {}
        }
        // Chunks begin at even positions.
        position = body + usize::try_from(size + size % 2).unwrap_or(usize::MAX / 2);
    }
    Err("it holds no samples")
}

/// The little-endian number at `position`.
fn number(head: &[u8], position: usize) -> Option<u64> {
    let bytes = head.get(position..position.checked_add(4)?)?;
    Some(u64::from(u32::from_le_bytes(bytes.try_into().ok()?)))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Half a second at 8,000 bytes a second.
    pub(crate) fn wav() -> Vec<u8> {
        let mut file = b"RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00".to_vec();
        file.extend_from_slice(&[1, 0, 1, 0, 0xA0, 0x0F, 0, 0, 0x40, 0x1F, 0, 0, 2, 0, 16, 0]);
        file.extend_from_slice(b"LIST\x03\x00\x00\x00abc\x00data\xA0\x0F\x00\x00");
        file.resize(file.len() + 4000, 0);
        let size = u32::try_from(file.len() - 8).unwrap();
        file[4..8].copy_from_slice(&size.to_le_bytes());
        file
    }

    #[test]
    fn a_valid_file_has_its_playing_time() {
        let file = wav();
        assert_eq!(duration_ms(&file[..100], file.len() as u64), Ok(500));
    }

    #[test]
    fn an_invalid_file_is_refused() {
        let file = wav();
        let length = file.len() as u64;
        assert!(duration_ms(b"<html>", 6).is_err());
        assert!(duration_ms(&file, length - 1).is_err());
        assert!(duration_ms(&file[..40], length).is_err());
        let mut longer = file.clone();
        let data = longer.len() - 4004;
        longer[data..data + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(duration_ms(&longer, length), Err("it breaks off"));
    }
}
