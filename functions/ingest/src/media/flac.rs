//! FLAC. Its frames cannot be walked through without decoding them, but each ends with a checksum, and
//! counts its samples: a file is whole if one that does so ends it.

use super::walk::{End, Format, Next, after_id3, big_endian};

pub(crate) fn is_flac(head: &[u8]) -> bool {
    head.starts_with(b"fLaC") || head.starts_with(b"ID3")
}

#[derive(Debug, Default)]
pub(crate) struct Flac {
    has_begun: bool,
    in_frames: bool,
    block_size: u64,
    /// How many samples there are; 0 if the writer streamed.
    samples: u64,
}

impl Format for Flac {
    fn first(&self) -> usize {
        4
    }

    fn read(&mut self, header: &[u8], _: u64) -> Next {
        if self.in_frames {
            return Next::Tail;
        }
        match header {
            [b'I', b'D', b'3', ..] if !self.has_begun && header.len() < 10 => Next::Grow(10),
            [b'I', b'D', b'3', ..] if !self.has_begun => after_id3(header),
            b"fLaC" if !self.has_begun => {
                self.has_begun = true;
                Next::Skip { bytes: 0, header: 4 }
            }
            _ if !self.has_begun => Next::Stop,
            _ => self.block(header),
        }
    }

    fn is_whole(&self, end: &End<'_>) -> bool {
        self.in_frames
            && end.missing == 0
            && (self.ends(end.tail) || self.ends(without_tag(end.tail)))
    }
}

impl Flac {
    /// Reads the header of a block of metadata.
    fn block(&mut self, header: &[u8]) -> Next {
        let size = big_endian(&header[1..4]);
        let is_info = header[0].trailing_zeros() >= 7 && size >= 18;
        if is_info && header.len() < 22 {
            return Next::Grow(22);
        }
        if is_info {
            self.block_size = big_endian(&header[4..6]);
            self.samples = big_endian(&header[17..22]) & 0xf_ffff_ffff;
        }
        self.in_frames = header[0] & 0x80 != 0;
        let bytes = size - (header.len() as u64 - 4);
        Next::Skip { bytes, header: if self.in_frames { 1 } else { 4 } }
    }

    /// Whether the last frame ends `tail`. Candidates are tried from the end on.
    fn ends(&self, tail: &[u8]) -> bool {
        let Some(checksum) = tail.len().checked_sub(2) else { return false };
        (0..checksum).rev().any(|at| {
            let frame = &tail[at..];
            frame[0] == 0xff
                && frame[1] & 0xfe == 0xf8
                && self.samples_after(frame).is_some_and(|samples| samples >= self.samples)
                && crc16(&tail[at..checksum]) == big_endian(&tail[checksum..])
        })
    }

    /// How many samples have come with the end of the frame that begins with `frame`.
    fn samples_after(&self, frame: &[u8]) -> Option<u64> {
        let [_, second, third, fourth, first, ..] = *frame else { return None };
        // The number is coded as UTF-8 codes a character, only that it may be longer.
        let coded = usize::try_from(first.leading_ones()).ok()?;
        let length = if coded == 0 { 1 } else { coded };
        if coded == 1 || coded == 8 || fourth & 1 != 0 {
            return None;
        }
        let start = u64::from(first) & (0xff >> (coded + 1).min(7));
        let start = if coded == 0 { u64::from(first) } else { start };
        let number = frame.get(5..4 + length)?.iter();
        let number = number.fold(start, |number, byte| number << 6 | u64::from(byte & 0x3f));
        let mut at = 4 + length;
        let block = match third >> 4 {
            0 => return None,
            1 => 192,
            code @ 2..=5 => 576 << (code - 2),
            code @ (6 | 7) => {
                let size = usize::from(code - 5);
                at += size;
                big_endian(frame.get(at - size..at)?) + 1
            }
            code => 256 << (code - 8),
        };
        at += match third & 0xf {
            12 => 1,
            13 | 14 => 2,
            _ => 0,
        };
        if crc8(frame.get(..at)?) != *frame.get(at)? {
            return None;
        }
        let before = if second & 1 == 0 { number.checked_mul(self.block_size)? } else { number };
        before.checked_add(block)
    }
}

/// `tail` without the tag of 128 bytes that some programs append to any sound.
fn without_tag(tail: &[u8]) -> &[u8] {
    match tail.len().checked_sub(128) {
        Some(at) if tail[at..].starts_with(b"TAG") => &tail[..at],
        _ => &[],
    }
}

fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ byte, |crc, _| crc << 1 ^ if crc & 0x80 == 0 { 0 } else { 0x07 })
    })
}

fn crc16(bytes: &[u8]) -> u64 {
    let crc = bytes.iter().fold(0_u16, |crc, byte| {
        let crc = crc ^ u16::from(*byte) << 8;
        (0..8).fold(crc, |crc, _| crc << 1 ^ if crc & 0x8000 == 0 { 0 } else { 0x8005 })
    });
    crc.into()
}
