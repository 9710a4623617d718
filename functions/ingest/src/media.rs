//! What a file is, read off its first bytes. Pure.

use domain::Job;
use domain::job::Media;
use domain::tts::AudioFormat;

/// How much of a file's beginning is kept. Every format that we take shows itself, and a WAV
/// file the start of its samples, well within.
const HEAD: usize = 4096;

/// The containers of videos that are taken, by their media types.
const VIDEOS: [&str; 3] = ["video/mp4", "video/webm", "video/quicktime"];
/// The pictures that are taken.
const IMAGES: [&str; 3] = ["image/jpeg", "image/png", "image/webp"];

/// What a file has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Sound of that format.
    Audio(AudioFormat),
    /// A video in one of the usual containers.
    Video,
    /// A picture in one of the usual formats.
    Image,
}

impl Expected {
    /// What the file of `job` has to be.
    pub(crate) fn of(job: &Job) -> Self {
        match (job.work.audio_format(), job.kind().media()) {
            (Some(format), _) => Self::Audio(format),
            (None, Media::Audio) => Self::Audio(AudioFormat::default()),
            (None, Media::Video) => Self::Video,
            (None, Media::Image) => Self::Image,
        }
    }
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileType {
    pub(crate) content_type: &'static str,
    pub(crate) extension: &'static str,
}

/// The beginning of a file.
#[derive(Debug, Default)]
pub(crate) struct Head(Vec<u8>);

impl Head {
    /// Adds what comes next in the file, as far as it still belongs to the beginning.
    pub(crate) fn add(&mut self, chunk: &[u8]) {
        let room = HEAD - self.0.len();
        self.0.extend_from_slice(&chunk[..chunk.len().min(room)]);
    }

    /// Whether all of the beginning is here.
    pub(crate) const fn is_whole(&self) -> bool {
        self.0.len() == HEAD
    }

    /// What the file is, if it is what it has to be; if not, a sentence that says so.
    pub(crate) fn check(&self, expected: Expected) -> Result<FileType, String> {
        let found = infer::get(&self.0);
        let name = found.map_or("unknown", |kind| kind.mime_type());
        let (types, wanted) = match expected {
            Expected::Audio(format) => return check_audio(name, format),
            Expected::Video => (VIDEOS, "a video"),
            Expected::Image => (IMAGES, "a picture"),
        };
        let found = found
            .filter(|kind| types.contains(&kind.mime_type()))
            .map(|kind| FileType { content_type: kind.mime_type(), extension: kind.extension() });
        found.ok_or_else(|| format!("The provider's file is of type {name}, not {wanted}."))
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

/// Sound has to be of the very format that was asked for.
fn check_audio(found: &str, asked: AudioFormat) -> Result<FileType, String> {
    let fits = match asked {
        AudioFormat::Wav => found == "audio/x-wav",
        AudioFormat::Mp3 => found == "audio/mpeg",
        AudioFormat::Ogg => found == "audio/ogg" || found == "audio/opus",
        AudioFormat::Flac => found == "audio/x-flac",
    };
    if fits {
        return Ok(FileType { content_type: asked.content_type(), extension: asked.as_str() });
    }
    Err(format!("The provider's file is of type {found}, not {}.", asked.content_type()))
}
