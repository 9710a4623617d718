//! WAV, with its large variants RF64 and BW64, and WebP.

use super::FileType;
use super::walk::{End, Format, Next, little_endian};

/// From this size on, the samples' size is a placeholder. Writers that stream put 0x7FFFFFFF or
/// 0xFFFFFFFF there, or a little less, or 0.
const PLACEHOLDER: u64 = 0x7fff_0000;
/// The same of an RF64 file.
const PLACEHOLDER_64: u64 = 1 << 62;
/// How many bytes may be missing: writers have counted the header among the samples.
const TOLERANCE: u64 = 44;

pub(crate) const WEBP: FileType = FileType::new("image/webp", "webp");

pub(crate) fn is_wav(head: &[u8]) -> bool {
    matches!(head.get(..4), Some(b"RIFF" | b"RF64" | b"BW64")) && head.get(8..12) == Some(b"WAVE")
}

pub(crate) fn is_webp(head: &[u8]) -> bool {
    head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP")
}

#[derive(Debug, Default)]
pub(crate) struct Riff {
    /// The size of a WebP file, with its header.
    webp: Option<u64>,
    byte_rate: u64,
    /// The samples' size by a `ds64` chunk.
    data_64: Option<u64>,
    data: Option<Data>,
}

/// The samples.
#[derive(Debug, Clone, Copy)]
struct Data {
    start: u64,
    /// Their size, unless it is a placeholder.
    size: Option<u64>,
}

impl Riff {
    fn chunk(&mut self, header: &[u8], at: u64) -> Next {
        let size = little_endian(&header[4..8]);
        match &header[..4] {
            b"fmt " | b"ds64" if size < 16 => Next::Stop,
            b"fmt " | b"ds64" if header.len() == 8 => Next::Grow(24),
            b"fmt " => {
                self.byte_rate = little_endian(&header[16..20]);
                skip(size - 16)
            }
            b"ds64" => {
                self.data_64 = Some(little_endian(&header[16..24]));
                skip(size - 16)
            }
            b"data" => {
                let size = self.data_size(size);
                self.data = Some(Data { start: at + 8, size });
                size.map_or(Next::Stop, skip)
            }
            _ => skip(size),
        }
    }

    fn data_size(&self, size: u64) -> Option<u64> {
        match self.data_64 {
            Some(large) => Some(large).filter(|size| (1..PLACEHOLDER_64).contains(size)),
            None => Some(size).filter(|size| (1..PLACEHOLDER).contains(size)),
        }
    }
}

/// Skips a chunk, which is padded to an even size.
const fn skip(size: u64) -> Next {
    Next::Skip { bytes: size.saturating_add(size % 2), header: 8 }
}

impl Format for Riff {
    fn first(&self) -> usize {
        12
    }

    fn read(&mut self, header: &[u8], at: u64) -> Next {
        if at > 0 {
            return self.chunk(header, at);
        }
        if is_webp(header) {
            self.webp = Some(8 + little_endian(&header[4..8]));
            return Next::Stop;
        }
        Next::Skip { bytes: 0, header: 8 }
    }

    fn is_whole(&self, end: &End<'_>) -> bool {
        match (self.webp, self.data) {
            // Some writers leave the padding out.
            (Some(size), _) => end.bytes + 1 >= size,
            (None, Some(Data { start, size: Some(size) })) => {
                end.bytes.saturating_add(TOLERANCE) >= start.saturating_add(size)
            }
            (None, Some(Data { start, size: None })) => end.bytes > start,
            (None, None) => false,
        }
    }

    fn duration_ms(&self, bytes: u64) -> Option<u64> {
        let Data { start, size } = self.data?;
        let came = bytes.checked_sub(start)?;
        size.unwrap_or(came).min(came).checked_mul(1000)?.checked_div(self.byte_rate)
    }
}
