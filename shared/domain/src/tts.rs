//! What a text-to-speech job is asked to do, once it has been checked.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::language::Language;
use crate::{InvalidField, limits};

/// A checked request for speech.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TtsRequest {
    /// The words to speak, at most [`limits::TEXT_CHARACTERS`] characters.
    pub text: String,
    /// In which language.
    pub language: Language,
    /// In which of the provider's voices; the provider's own choice if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    /// Into which kind of file.
    pub format: AudioFormat,
}

impl TtsRequest {
    /// Checks the parts of a request, in the order in which clients write them.
    pub fn new(
        text: String,
        language: &str,
        voice: Option<String>,
        format: Option<&str>,
    ) -> Result<Self, InvalidField> {
        check_text(&text)?;
        let language = language.parse()?;
        if let Some(voice) = &voice {
            check_voice(voice)?;
        }
        let format = format.map_or(Ok(AudioFormat::Wav), AudioFormat::from_str)?;
        Ok(Self { text, language, voice, format })
    }
}

fn check_text(text: &str) -> Result<(), InvalidField> {
    if text.trim().is_empty() {
        return Err(InvalidField::new("text", "must not be empty"));
    }
    let characters = text.chars().count();
    if characters > limits::TEXT_CHARACTERS {
        let limit = limits::TEXT_CHARACTERS;
        let message = format!("must be at most {limit} characters, has {characters}");
        return Err(InvalidField::new("text", message));
    }
    if text.chars().any(|c| c.is_control() && !c.is_whitespace()) {
        return Err(InvalidField::new("text", "must hold no control characters"));
    }
    Ok(())
}

fn check_voice(voice: &str) -> Result<(), InvalidField> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if voice.is_empty() || voice.len() > 64 || !voice.chars().all(plain) {
        let message = "must be 1 to 64 letters, digits, '_', '-' or '.'";
        return Err(InvalidField::new("voice", message));
    }
    Ok(())
}

/// The kinds of audio file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AudioFormat {
    /// Uncompressed PCM in a RIFF file.
    #[default]
    Wav,
    /// MPEG layer 3.
    Mp3,
    /// Vorbis or Opus in Ogg.
    Ogg,
    /// Free lossless audio.
    Flac,
}

impl AudioFormat {
    /// Every format there is.
    pub const ALL: [Self; 4] = [Self::Wav, Self::Mp3, Self::Ogg, Self::Flac];

    /// The format as clients write it, which is its file extension too.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Mp3 => "mp3",
            Self::Ogg => "ogg",
            Self::Flac => "flac",
        }
    }

    /// Its media type.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Wav => "audio/wav",
            Self::Mp3 => "audio/mpeg",
            Self::Ogg => "audio/ogg",
            Self::Flac => "audio/flac",
        }
    }
}

impl FromStr for AudioFormat {
    type Err = InvalidField;

    fn from_str(text: &str) -> Result<Self, InvalidField> {
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or_else(|| InvalidField::new("format", "must be wav, mp3, ogg or flac"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(text: &str, language: &str, voice: Option<&str>, format: Option<&str>) -> String {
        TtsRequest::new(text.into(), language, voice.map(Into::into), format)
            .map_or_else(|error| error.field, |_| "none".into())
    }

    #[test]
    fn names_the_field_at_fault() {
        assert_eq!(field("Akkam", "oromo", None, None), "none");
        assert_eq!(field(" \n", "oromo", None, None), "text");
        assert_eq!(field("a\u{0}b", "oromo", None, None), "text");
        assert_eq!(field("Akkam", "klingon", None, None), "language");
        assert_eq!(field("Akkam", "om", Some("a b"), None), "voice");
        assert_eq!(field("Akkam", "om", None, Some("aiff")), "format");
    }

    #[test]
    fn counts_characters_and_not_bytes() {
        let longest = "ሀ".repeat(limits::TEXT_CHARACTERS);
        assert_eq!(field(&longest, "am", None, None), "none");
        assert_eq!(field(&format!("{longest}ሀ"), "am", None, None), "text");
    }
}
