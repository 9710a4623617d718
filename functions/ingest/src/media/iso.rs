//! The boxes of MP4, `QuickTime` and their relatives.

use super::FileType;
use super::walk::{End, Format, Next, big_endian};

/// The first boxes that such a file may begin with.
const FIRST: [&[u8]; 7] = [b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"];
/// The brands of what is no video: sound, and pictures.
const OTHERS: [&[u8]; 12] = [
    b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"F4B ", b"heic", b"heix", b"mif1", b"msf1", b"avif",
    b"avis", b"crx ",
];

/// The type of the video that begins with `head`. Its brand says little of what plays it, and there
/// are hundreds of them.
pub(crate) fn file_type(head: &[u8]) -> Option<FileType> {
    let first = head.get(4..8)?;
    if !FIRST.contains(&first) {
        return None;
    }
    let brand = head.get(8..12).filter(|_| first == b"ftyp").unwrap_or(b"qt  ");
    match brand {
        b"qt  " => Some(FileType::new("video/quicktime", "mov")),
        [b'3', b'g', ..] => Some(FileType::new("video/3gpp", "3gp")),
        brand if OTHERS.contains(&brand) => None,
        _ => Some(FileType::new("video/mp4", "mp4")),
    }
}

/// Whether the index and the frames are there.
#[derive(Debug, Default)]
pub(crate) struct Iso {
    moov: bool,
    mdat: bool,
}

impl Format for Iso {
    fn first(&self) -> usize {
        8
    }

    fn read(&mut self, header: &[u8], _: u64) -> Next {
        let size = match (big_endian(&header[..4]), header.len()) {
            (1, 8) => return Next::Grow(16),
            (1, _) => big_endian(&header[8..16]),
            (size, _) => size,
        };
        let kind = &header[4..8];
        self.moov |= kind == b"moov";
        self.mdat |= kind == b"mdat";
        match size.checked_sub(header.len() as u64) {
            Some(bytes)
                if kind.iter().all(|byte| (b' '..=b'~').contains(byte) || *byte == 0xa9) =>
            {
                Next::Skip { bytes, header: 8 }
            }
            // A box of size 0 goes on to the end. What has no name is no box.
            _ => Next::Stop,
        }
    }

    fn is_whole(&self, end: &End<'_>) -> bool {
        self.moov && self.mdat && end.missing == 0
    }
}
