//! The frames of MP3: layer 3 of MPEG-1, MPEG-2 and MPEG-2.5.

use super::walk::{End, Format, Next, after_id3, big_endian};

/// How far the first frame is searched for behind a tag.
const SEARCH: u64 = 1024 * 1024;
/// How much of the first frame is read: the count of bytes of an encoder is in it.
const FIRST_FRAME: usize = 52;
/// Kilobits a second, by index, of MPEG-1 and of the others.
const BIT_RATES: [[u64; 15]; 2] = [
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];
/// Samples a second of MPEG-1, by index.
const SAMPLE_RATES: [u64; 3] = [44_100, 48_000, 32_000];

pub(crate) fn is_mp3(head: &[u8]) -> bool {
    head.starts_with(b"ID3") || Frame::parse(head).is_some()
}

/// The header of a frame.
struct Frame {
    /// Size of the frame; `None` if the header does not say.
    bytes: Option<u64>,
    /// Where an encoder's own header begins in it.
    encoder_at: usize,
}

impl Frame {
    fn parse(head: &[u8]) -> Option<Self> {
        let [0xff, second, third, fourth, ..] = *head else { return None };
        // Version 1 is reserved; layer 3 is 1.
        let version = second >> 3 & 3;
        if second >> 5 != 7 || version == 1 || second >> 1 & 3 != 1 {
            return None;
        }
        let is_first = version == 3;
        let kilobits = BIT_RATES[usize::from(!is_first)].get(usize::from(third >> 4))?;
        let halvings = match version {
            3 => 0,
            2 => 1,
            _ => 2,
        };
        let rate = SAMPLE_RATES.get(usize::from(third >> 2 & 3))? >> halvings;
        let samples_by_8 = if is_first { 144 } else { 72 };
        let padding = u64::from(third >> 1 & 1);
        let bytes = (*kilobits > 0).then(|| samples_by_8 * kilobits * 1000 / rate + padding);
        let side = match (is_first, fourth >> 6 == 3) {
            (true, false) => 32,
            (true, true) | (false, false) => 17,
            (false, true) => 9,
        };
        Some(Self { bytes, encoder_at: 4 + side })
    }
}

#[derive(Debug, Default)]
pub(crate) struct Mp3 {
    frames: u64,
    /// Where the search for the first frame began.
    search_from: u64,
    /// Size of the sound by an encoder's own header.
    announced: Option<u64>,
}

impl Format for Mp3 {
    fn first(&self) -> usize {
        4
    }

    fn read(&mut self, header: &[u8], at: u64) -> Next {
        if self.frames == 0 && header.starts_with(b"ID3") {
            if header.len() < 10 {
                return Next::Grow(10);
            }
            let next = after_id3(header);
            if let Next::Skip { bytes, .. } = next {
                self.search_from = at + 10 + bytes;
            }
            return next;
        }
        match Frame::parse(header) {
            Some(Frame { bytes: Some(bytes), encoder_at }) => {
                if self.frames == 0 && bytes >= FIRST_FRAME as u64 {
                    if header.len() < FIRST_FRAME {
                        return Next::Grow(FIRST_FRAME);
                    }
                    self.announced = announced(&header[encoder_at..]);
                }
                self.frames += 1;
                let bytes = bytes.saturating_sub(header.len() as u64);
                Next::Skip { bytes, header: 4 }
            }
            Some(Frame { bytes: None, .. }) => {
                self.frames += 1;
                Next::Stop
            }
            // A tag, or whatever follows on the sound.
            None if self.frames > 0 => Next::Stop,
            None if at < self.search_from + SEARCH => Next::Slide,
            None => Next::Stop,
        }
    }

    fn is_whole(&self, end: &End<'_>) -> bool {
        self.frames > 0
            && end.missing == 0
            && end.partial_header < 10
            && self.announced.is_none_or(|bytes| end.bytes >= bytes)
    }
}

/// The size that an encoder wrote into its own header, unless it streamed.
fn announced(header: &[u8]) -> Option<u64> {
    if ![&b"Xing"[..], b"Info"].contains(&header.get(..4)?) {
        return None;
    }
    let flags = header.get(7)?;
    let at = if flags & 1 == 0 { 8 } else { 12 };
    let bytes = big_endian(header.get(at..at + 4)?);
    (flags & 2 != 0 && bytes > 0 && bytes < u64::from(u32::MAX)).then_some(bytes)
}
