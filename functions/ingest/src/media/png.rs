//! The chunks of PNG.

use super::FileType;
use super::walk::{End, Format, Next, big_endian};

pub(crate) const TYPE: FileType = FileType::new("image/png", "png");

pub(crate) fn is_png(head: &[u8]) -> bool {
    head.starts_with(b"\x89PNG\r\n\x1a\n")
}

/// Where the last chunk ends.
#[derive(Debug, Default)]
pub(crate) struct Png {
    end: Option<u64>,
}

impl Format for Png {
    fn first(&self) -> usize {
        8
    }

    fn read(&mut self, header: &[u8], at: u64) -> Next {
        if at == 0 {
            return Next::Skip { bytes: 0, header: 8 };
        }
        if &header[4..] == b"IEND" {
            self.end = Some(at + 12);
            return Next::Stop;
        }
        Next::Skip { bytes: big_endian(&header[..4]) + 4, header: 8 }
    }

    fn is_whole(&self, end: &End<'_>) -> bool {
        self.end.is_some_and(|at| end.bytes >= at)
    }
}
