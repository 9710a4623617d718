//! The request of a text-to-speech job.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::language::Language;
use crate::{InvalidField, limits, named};

/// A validated text-to-speech request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TtsRequest {
    /// The text, at most [`limits::TEXT_CHARACTERS`] characters.
    pub text: String,
    /// Its language.
    pub language: Language,
    /// The provider's voice; the provider's default if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    /// The format of the file.
    pub format: AudioFormat,
}

impl TtsRequest {
    /// Validates the members of a request, in the order in which they are documented.
    pub fn new(
        text: String,
        language: Language,
        voice: Option<String>,
        format: Option<&str>,
    ) -> Result<Self, InvalidField> {
        InvalidField::check_text("text", &text, limits::TEXT_CHARACTERS)?;
        if let Some(voice) = &voice {
            check_voice(voice)?;
        }
        let format = format.map_or(Ok(AudioFormat::Wav), AudioFormat::from_str)?;
        Ok(Self { text, language, voice, format })
    }
}

fn check_voice(voice: &str) -> Result<(), InvalidField> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if voice.is_empty() || voice.len() > 64 || !voice.chars().all(plain) {
        let message = "must be 1 to 64 letters, digits, '_', '-' or '.'";
        return Err(InvalidField::new("voice", message));
    }
    Ok(())
}

named! {
    /// The formats of audio files.
    #[derive(Default)]
    #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
    pub enum AudioFormat {
        /// Uncompressed PCM in a RIFF file.
        #[default]
        Wav = "wav",
        /// MPEG layer 3.
        Mp3 = "mp3",
        /// Vorbis or Opus in Ogg.
        Ogg = "ogg",
        /// Free lossless audio.
        Flac = "flac",
    }
    else "format", "must be wav, mp3, ogg or flac"
}

impl AudioFormat {
    /// Its media type.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Wav => "audio/wav",
            Self::Mp3 => "audio/mpeg",
            Self::Ogg => "audio/ogg",
            Self::Flac => "audio/flac",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(text: &str, voice: Option<&str>, format: Option<&str>) -> String {
        let language = Language::named("oromo");
        TtsRequest::new(text.into(), language, voice.map(Into::into), format)
            .map_or_else(|error| error.field, |_| "none".into())
    }

    #[test]
    fn error_names_the_invalid_field() {
        assert_eq!(field("Akkam", None, None), "none");
        assert_eq!(field(" \n", None, None), "text");
        assert_eq!(field("a\u{0}b", None, None), "text");
        assert_eq!(field("Akkam", Some("a b"), None), "voice");
        assert_eq!(field("Akkam", None, Some("aiff")), "format");
    }

    #[test]
    fn limit_counts_characters_not_bytes() {
        let longest = "ሀ".repeat(limits::TEXT_CHARACTERS);
        assert_eq!(field(&longest, None, None), "none");
        assert_eq!(field(&format!("{longest}ሀ"), None, None), "text");
    }
}
