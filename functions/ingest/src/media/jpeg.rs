//! The segments of JPEG.

use super::FileType;
use super::walk::{End, Format, Next, big_endian};

pub(crate) const TYPE: FileType = FileType::new("image/jpeg", "jpg");

pub(crate) fn is_jpeg(head: &[u8]) -> bool {
    head.starts_with(b"\xff\xd8\xff")
}

/// Whether the picture has ended.
#[derive(Debug, Default)]
pub(crate) struct Jpeg {
    /// Past the first scan's header, or behind something that is no segment, the end is searched for:
    /// in a scan, no other marker looks like it.
    in_scan: bool,
    has_ended: bool,
}

impl Format for Jpeg {
    fn first(&self) -> usize {
        2
    }

    fn read(&mut self, header: &[u8], at: u64) -> Next {
        match (header[0], header[1]) {
            (0xff, 0xd9) => {
                self.has_ended = true;
                Next::Stop
            }
            _ if at == 0 => Next::Skip { bytes: 0, header: 2 },
            _ if self.in_scan => Next::Slide,
            // Markers may be padded.
            (0xff, 0xff) => Next::Slide,
            (0xff, _) if header.len() == 2 => Next::Grow(4),
            (0xff, marker) => {
                self.in_scan = marker == 0xda;
                let bytes = big_endian(&header[2..4]).saturating_sub(2);
                Next::Skip { bytes, header: 2 }
            }
            // What programs leave between segments is passed over.
            _ => {
                self.in_scan = true;
                Next::Slide
            }
        }
    }

    fn is_whole(&self, _: &End<'_>) -> bool {
        self.has_ended
    }
}
