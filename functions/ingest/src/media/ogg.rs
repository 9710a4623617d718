//! The pages of Ogg.

use super::walk::{End, Format, Next};

pub(crate) fn is_ogg(head: &[u8]) -> bool {
    head.starts_with(b"OggS")
}

/// Whether the last page that came ends its stream.
#[derive(Debug, Default)]
pub(crate) struct Ogg {
    is_last: bool,
    /// Something else follows on the pages.
    is_lost: bool,
}

impl Format for Ogg {
    fn first(&self) -> usize {
        27
    }

    fn read(&mut self, header: &[u8], _: u64) -> Next {
        if !header.starts_with(b"OggS") {
            self.is_lost = true;
            return Next::Stop;
        }
        let segments = usize::from(header[26]);
        if header.len() < 27 + segments {
            return Next::Grow(27 + segments);
        }
        self.is_last = header[5] & 4 != 0;
        let bytes = header[27..].iter().map(|size| u64::from(*size)).sum();
        Next::Skip { bytes, header: 27 }
    }

    fn is_whole(&self, end: &End<'_>) -> bool {
        self.is_lost || self.is_last && end.missing == 0 && end.partial_header == 0
    }
}
