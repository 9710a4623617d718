//! What a file is, read off its first bytes. Pure.

use domain::tts::AudioFormat;

/// How much of a file's beginning is kept. Every format that we take shows itself, and a WAV
/// file the start of its samples, well within.
const HEAD: usize = 4096;

/// The beginning of a file.
#[derive(Debug, Default)]
pub(crate) struct Head(Vec<u8>);

impl Head {
    /// Adds what comes next in the file, as far as it still belongs to the beginning.
    pub(crate) fn add(&mut self, chunk: &[u8]) {
        let room = HEAD - self.0.len();
        self.0.extend_from_slice(&chunk[..chunk.len().min(room)]);
    }

    /// Whether the file is of the format that was asked for; if not, a sentence that says so.
    pub(crate) fn check(&self, asked: AudioFormat) -> Result<(), String> {
        let found = infer::get(&self.0).map_or("unknown", |kind| kind.mime_type());
        let fits = match asked {
            AudioFormat::Wav => found == "audio/x-wav",
            AudioFormat::Mp3 => found == "audio/mpeg",
            AudioFormat::Ogg => found == "audio/ogg" || found == "audio/opus",
            AudioFormat::Flac => found == "audio/x-flac",
        };
        if fits {
            return Ok(());
        }
        Err(format!("The provider's file is of type {found}, not {}.", asked.content_type()))
    }

    /// How long a WAV file of `bytes` bytes plays, in milliseconds; `None` for other files.
    pub(crate) fn duration_ms(&self, bytes: u64) -> Option<u64> {
        let (byte_rate, samples_at) = self.wav()?;
        let samples = bytes.checked_sub(samples_at)?;
        samples.checked_mul(1000)?.checked_div(byte_rate)
    }

    /// Bytes a second, and where the samples begin. The samples' length in the header is
    /// passed over: a writer that streams does not know it, and they go on to the end.
    fn wav(&self) -> Option<(u64, u64)> {
        let head = &self.0;
        if head.get(..4)? != b"RIFF" || head.get(8..12)? != b"WAVE" {
            return None;
        }
        let number = |at: usize| Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?));
        let mut byte_rate = None;
        let mut at = 12;
        loop {
            let size = usize::try_from(number(at + 4)?).ok()?;
            match head.get(at..at + 4)? {
                b"fmt " => byte_rate = Some(u64::from(number(at + 16)?)),
                b"data" => return Some((byte_rate?, u64::try_from(at + 8).ok()?)),
                _ => {}
            }
            // Chunks are padded to an even length.
            at = at.checked_add(8)?.checked_add(size)?.checked_add(size % 2)?;
        }
    }
}
