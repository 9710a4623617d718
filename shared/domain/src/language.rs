//! The languages of text-to-speech jobs, by name (as in the async TTS API v1) or by code.

use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::InvalidField;

/// A supported language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Language {
    name: &'static str,
    code: &'static str,
}

/// Name and BCP 47 code of each. They are a selection of the languages of espeak-ng.
const LANGUAGES: [Language; 32] = [
    language("afrikaans", "af"),
    language("amharic", "am"),
    language("arabic", "ar"),
    language("bengali", "bn"),
    language("bulgarian", "bg"),
    language("catalan", "ca"),
    language("czech", "cs"),
    language("danish", "da"),
    language("dutch", "nl"),
    language("english", "en"),
    language("finnish", "fi"),
    language("french", "fr"),
    language("german", "de"),
    language("greek", "el"),
    language("hindi", "hi"),
    language("hungarian", "hu"),
    language("indonesian", "id"),
    language("italian", "it"),
    language("korean", "ko"),
    language("norwegian", "nb"),
    language("oromo", "om"),
    language("persian", "fa"),
    language("polish", "pl"),
    language("portuguese", "pt"),
    language("romanian", "ro"),
    language("russian", "ru"),
    language("spanish", "es"),
    language("swahili", "sw"),
    language("swedish", "sv"),
    language("turkish", "tr"),
    language("ukrainian", "uk"),
    language("vietnamese", "vi"),
];

const fn language(name: &'static str, code: &'static str) -> Language {
    Language { name, code }
}

impl Language {
    /// All languages, sorted by name.
    pub fn all() -> impl Iterator<Item = Self> {
        LANGUAGES.into_iter()
    }

    /// Its English name in lower case, as request bodies have it: `oromo`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Its BCP 47 code: `om`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.code
    }
}

impl FromStr for Language {
    type Err = InvalidField;

    /// Accepts a name or a code, in upper or lower case. A region after the code (`en-US`) is
    /// ignored.
    fn from_str(text: &str) -> Result<Self, InvalidField> {
        let code = text.split(['-', '_']).next().unwrap_or_default();
        LANGUAGES
            .into_iter()
            .find(|language| {
                language.name.eq_ignore_ascii_case(text) || language.code.eq_ignore_ascii_case(code)
            })
            .ok_or_else(|| InvalidField::new("language", unknown(text)))
    }
}

fn unknown(text: &str) -> String {
    let shown: String = text.chars().take(32).collect();
    let names: Vec<_> = LANGUAGES.iter().map(|language| language.name).collect();
    format!("{shown:?} is not supported; use one of {}", names.join(", "))
}

impl Serialize for Language {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

impl<'de> Deserialize<'de> for Language {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_by_name_code_and_region() {
        for text in ["oromo", "Oromo", "om", "om-ET", "om_ET"] {
            assert_eq!(text.parse::<Language>().map(Language::name), Ok("oromo"), "{text}");
        }
    }

    #[test]
    fn names_and_codes_are_unique() {
        let mut names: Vec<_> = Language::all().flat_map(|l| [l.name(), l.code()]).collect();
        let before = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), before);
    }

    #[test]
    fn error_of_an_unknown_language_lists_the_supported_ones() {
        let message = "klingon".parse::<Language>().map_err(|error| error.message);
        assert!(message.is_err_and(|text| text.contains("oromo") && text.contains("klingon")));
    }
}
