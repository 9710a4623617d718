//! Decoding a body that its source compressed. `flate2` is driven by hand, in small steps: a decoder
//! that reqwest brings along would ask for gzip by itself, and give out whatever a chunk expands to.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::write::MultiGzDecoder;

use crate::SendError;

/// How much is decoded at a time. It expands to 4 MiB at most.
const STEP: usize = 4096;

/// A decoder, and what it has not decoded.
pub(crate) struct Gunzip {
    decoder: MultiGzDecoder<Vec<u8>>,
    input: Bytes,
}

impl Default for Gunzip {
    fn default() -> Self {
        Self { decoder: MultiGzDecoder::new(Vec::new()), input: Bytes::new() }
    }
}

impl Gunzip {
    /// Adds the next chunk, once all before it is decoded.
    pub(crate) fn add(&mut self, chunk: Bytes) {
        self.input = chunk;
    }

    /// The next bytes, or `None` if more input is needed.
    pub(crate) fn decoded(&mut self) -> Result<Option<Bytes>, SendError> {
        while !self.input.is_empty() {
            let step = self.input.split_to(self.input.len().min(STEP));
            self.decoder.write_all(&step).map_err(broken)?;
            let output = std::mem::take(self.decoder.get_mut());
            if !output.is_empty() {
                return Ok(Some(output.into()));
            }
        }
        Ok(None)
    }

    /// The last bytes. A body that ends too early, or does not match its checksum, is an error.
    pub(crate) fn finish(&mut self) -> Result<Bytes, SendError> {
        self.decoder.try_finish().map_err(broken)?;
        Ok(std::mem::take(self.decoder.get_mut()).into())
    }
}

fn broken(error: io::Error) -> SendError {
    SendError::Broken(error.into())
}
