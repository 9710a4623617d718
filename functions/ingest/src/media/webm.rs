//! The outermost elements of `WebM`.

use super::FileType;
use super::walk::{End, Format, Next, big_endian};

pub(crate) const TYPE: FileType = FileType::new("video/webm", "webm");

pub(crate) fn is_webm(head: &[u8]) -> bool {
    head.starts_with(&[0x1a, 0x45, 0xdf, 0xa3])
}

/// Where the segment, which holds everything, ends.
#[derive(Debug, Default)]
pub(crate) struct Webm {
    has_segment: bool,
    end: Option<u64>,
}

impl Format for Webm {
    fn first(&self) -> usize {
        5
    }

    fn read(&mut self, header: &[u8], at: u64) -> Next {
        // The size is as long as its first byte has leading zeros, and one byte more.
        let length = header[4].leading_zeros() as usize + 1;
        if length > 8 {
            return Next::Stop;
        }
        if header.len() < 4 + length {
            return Next::Grow(4 + length);
        }
        let unknown = (1_u64 << (7 * length)) - 1;
        let size = big_endian(&header[4..]) & unknown;
        if header.starts_with(&[0x18, 0x53, 0x80, 0x67]) {
            self.has_segment = true;
            let start = at + header.len() as u64;
            self.end = (size != unknown).then(|| start.saturating_add(size));
            return Next::Stop;
        }
        Next::Skip { bytes: size, header: 5 }
    }

    fn is_whole(&self, end: &End<'_>) -> bool {
        self.has_segment && self.end.is_none_or(|at| end.bytes >= at)
    }
}
