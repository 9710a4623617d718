//! The speech engines: espeak-ng, or a plain tone for tests that need a file quickly.

mod espeak;
pub(crate) mod languages;
mod tone;
mod transcode;

use std::io;
use std::path::Path;

use domain::tts::{AudioFormat, TtsRequest};
use tempfile::TempPath;

use crate::program::ProgramError;

/// Why no audio was made.
#[derive(Debug, thiserror::Error)]
pub enum SpeechError {
    /// A program is missing or failed.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// The provider has no such voice.
    #[error("there is no voice {0:?} for this language")]
    UnknownVoice(String),
    /// The file could not be written.
    #[error("the audio file could not be written: {0}")]
    Io(#[from] io::Error),
}

/// Turns text into audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Engine {
    /// Speech by espeak-ng.
    Espeak,
    /// A tone whose length follows the text, made without another program.
    Tone,
}

impl Engine {
    /// Checks that the engine works on this machine.
    pub async fn check(self) -> Result<(), SpeechError> {
        match self {
            Self::Espeak => espeak::check().await,
            Self::Tone => Ok(()),
        }
    }

    /// Makes the file for `request` at `path`, whose folder must exist.
    pub async fn speak(self, request: &TtsRequest, path: &Path) -> Result<(), SpeechError> {
        if request.format == AudioFormat::Wav {
            return self.speak_wav(request, path).await;
        }
        let wav = TempPath::try_from_path(path.with_extension("source.wav"))?;
        self.speak_wav(request, &wav).await?;
        Ok(transcode::transcode(&wav, path).await?)
    }

    async fn speak_wav(self, request: &TtsRequest, path: &Path) -> Result<(), SpeechError> {
        match self {
            Self::Espeak => espeak::speak(request, path).await,
            Self::Tone => Ok(tokio::fs::write(path, tone::wav(&request.text)).await?),
        }
    }
}

/// The audio of a forged webhook: a WAV that was not requested.
pub(crate) fn forged_wav() -> Vec<u8> {
    tone::wav("not what was asked for")
}
