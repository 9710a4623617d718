//! Walking through a file: headers are read, and what they announce is skipped.

use std::fmt::Debug;

/// How much of the end is kept for a format that asks for it.
const TAIL: usize = 256 * 1024;

/// A format that is walked through.
pub(crate) trait Format: Debug + Send + Sync {
    /// Size of the first header.
    fn first(&self) -> usize;

    /// Reads `header`, which is at offset `at` and as large as requested.
    fn read(&mut self, header: &[u8], at: u64) -> Next;

    /// Whether a file that ended so is whole.
    fn is_whole(&self, end: &End<'_>) -> bool;

    /// How long it plays in milliseconds, if that can be told, with `bytes` bytes.
    fn duration_ms(&self, bytes: u64) -> Option<u64> {
        let _ = bytes;
        None
    }
}

/// What comes after a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// The header is that large: it is read again once all of it has come.
    Grow(usize),
    /// It is followed by `bytes` to be skipped, and then by a header of size `header`.
    Skip {
        /// How much is skipped.
        bytes: u64,
        /// Size of the header after it.
        header: usize,
    },
    /// It was no header: one of the same size may begin a byte later.
    Slide,
    /// From the header on, the end of the file is kept.
    Tail,
    /// Nothing more is read.
    Stop,
}

/// How a file ended.
#[derive(Debug)]
pub(crate) struct End<'a> {
    /// Size of the file.
    pub(crate) bytes: u64,
    /// How much of what was to be skipped has not come.
    pub(crate) missing: u64,
    /// How much has come of a header that is not complete.
    pub(crate) partial_header: usize,
    /// The end of the file, for a format that has asked for it.
    pub(crate) tail: &'a [u8],
}

/// A file being walked through.
#[derive(Debug)]
pub(crate) struct Walk {
    format: Box<dyn Format>,
    bytes: u64,
    skip: u64,
    need: usize,
    header: Vec<u8>,
    mode: Mode,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Headers,
    Tail,
    Stopped,
}

impl Walk {
    pub(crate) fn new(format: Box<dyn Format>) -> Self {
        let need = format.first();
        Self { format, bytes: 0, skip: 0, need, header: Vec::new(), mode: Mode::Headers }
    }

    /// Adds what comes next in the file.
    pub(crate) fn add(&mut self, mut data: &[u8]) {
        while self.mode == Mode::Headers && !data.is_empty() {
            let skipped =
                usize::try_from(self.skip).map_or(data.len(), |skip| skip.min(data.len()));
            let wanted = data.len().min(skipped + self.need - self.header.len());
            self.header.extend_from_slice(&data[skipped..wanted]);
            self.skip -= skipped as u64;
            self.bytes += wanted as u64;
            data = &data[wanted..];
            while self.mode == Mode::Headers && self.skip == 0 && self.header.len() == self.need {
                self.read();
            }
        }
        self.bytes += data.len() as u64;
        if self.mode == Mode::Tail {
            self.header.extend_from_slice(data);
            if self.header.len() > 2 * TAIL {
                self.header.drain(..self.header.len() - TAIL);
            }
        }
    }

    fn read(&mut self) {
        let at = self.bytes - self.header.len() as u64;
        match self.format.read(&self.header, at) {
            Next::Grow(need) if need > self.header.len() => self.need = need,
            Next::Skip { bytes, header } if header > 0 => {
                self.header.clear();
                (self.skip, self.need) = (bytes, header);
            }
            Next::Slide => drop(self.header.remove(0)),
            Next::Tail => self.mode = Mode::Tail,
            Next::Grow(_) | Next::Skip { .. } | Next::Stop => {
                self.header.clear();
                self.mode = Mode::Stopped;
            }
        }
    }

    pub(crate) fn is_whole(&self) -> bool {
        let (partial_header, tail) = match self.mode {
            Mode::Headers => (self.header.len(), &[][..]),
            Mode::Tail => (0, self.header.as_slice()),
            Mode::Stopped => (0, &[][..]),
        };
        self.format.is_whole(&End { bytes: self.bytes, missing: self.skip, partial_header, tail })
    }

    pub(crate) fn duration_ms(&self) -> Option<u64> {
        self.format.duration_ms(self.bytes)
    }
}

/// The big-endian number in `bytes`, of which there are eight at most.
pub(crate) fn big_endian(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The little-endian number in `bytes`, of which there are eight at most.
pub(crate) fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// What follows an `ID3` tag whose first ten bytes are `header`.
pub(crate) fn after_id3(header: &[u8]) -> Next {
    let size = header[6..10].iter().fold(0, |size, byte| size << 7 | u64::from(byte & 0x7f));
    let footer = if header[5] & 0x10 == 0 { 0 } else { 10 };
    Next::Skip { bytes: size + footer, header: 4 }
}
