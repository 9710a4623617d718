//! The languages and voices of speech jobs, which a deployment lists: what its speech worker speaks.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::InvalidField;

/// Most characters of a client's text that an error repeats.
const SHOWN: usize = 32;

/// The language of a speech job, by the name that the worker is given: `oromo`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Language(String);

impl Language {
    /// The language called `name`, whoever speaks it.
    pub fn named(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

/// A language that there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "SpokenLanguage"))]
pub struct SpokenLanguage {
    /// Its name, as `language` takes it.
    name: String,
    /// Its BCP 47 code, which `language` takes as well.
    code: String,
}

/// A voice that there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Voice {
    /// Its name, as `voice` takes it.
    name: String,
    /// The one language that it speaks; null if it speaks them all.
    language: Option<String>,
}

/// The languages that there are, from a text such as `amharic=am, oromo=om`.
#[derive(Debug, Clone)]
pub struct Languages(Vec<SpokenLanguage>);

/// The voices that there are, from a text such as `bontu=oromo, neutral`.
#[derive(Debug, Clone)]
pub struct Voices(Vec<Voice>);

/// Why a list of languages or voices cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} must be {1}")]
pub struct InvalidEntry(String, &'static str);

impl Languages {
    /// All of them, in the order in which they are listed.
    pub fn all(&self) -> &[SpokenLanguage] {
        &self.0
    }

    /// The language that a client names: by name or code, in upper or lower case. A region after
    /// the code (`en-US`) that is not listed itself is ignored.
    pub fn find(&self, text: &str) -> Result<Language, InvalidField> {
        let named = |text: &str| {
            let is = |one: &&SpokenLanguage| {
                one.name.eq_ignore_ascii_case(text) || one.code.eq_ignore_ascii_case(text)
            };
            self.0.iter().find(is)
        };
        let without_region = text.split(['-', '_']).next().unwrap_or_default();
        let found = named(text).or_else(|| named(without_region));
        found.map(|one| Language(one.name.clone())).ok_or_else(|| {
            let known: Vec<_> = self.0.iter().map(|one| one.name.as_str()).collect();
            unknown("language", text, &known)
        })
    }
}

impl Voices {
    /// All of them, in the order in which they are listed.
    pub fn all(&self) -> &[Voice] {
        &self.0
    }

    /// Checks that a client's `voice` is one of those that speak `language`.
    pub fn check(&self, voice: &str, language: &Language) -> Result<(), InvalidField> {
        let speaks =
            |one: &&Voice| one.language.as_deref().is_none_or(|name| name == language.name());
        let names: Vec<_> = self.0.iter().filter(speaks).map(|one| one.name.as_str()).collect();
        if names.contains(&voice) { Ok(()) } else { Err(unknown("voice", voice, &names)) }
    }
}

impl FromStr for Languages {
    type Err = InvalidEntry;

    fn from_str(text: &str) -> Result<Self, InvalidEntry> {
        let language = |entry: &str| {
            let invalid = || InvalidEntry(entry.to_owned(), "a name and a code, like oromo=om");
            let (name, code) = entry.split_once('=').ok_or_else(invalid)?;
            let (name, code) = (name.trim().to_owned(), code.trim().to_owned());
            let is_whole = !name.is_empty() && !code.is_empty();
            is_whole.then_some(SpokenLanguage { name, code }).ok_or_else(invalid)
        };
        entries(text).map(language).collect::<Result<_, _>>().map(Self)
    }
}

impl FromStr for Voices {
    type Err = InvalidEntry;

    fn from_str(text: &str) -> Result<Self, InvalidEntry> {
        let voice = |entry: &str| {
            let (name, language) = match entry.split_once('=') {
                Some((name, language)) => (name.trim(), Some(language.trim().to_owned())),
                None => (entry, None),
            };
            let is_whole = !name.is_empty() && language.as_deref() != Some("");
            let must = "a name, or a name and its language, like bontu=oromo";
            let voice = is_whole.then(|| Voice { name: name.to_owned(), language });
            voice.ok_or_else(|| InvalidEntry(entry.to_owned(), must))
        };
        entries(text).map(voice).collect::<Result<_, _>>().map(Self)
    }
}

fn entries(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty())
}

fn unknown(field: &str, text: &str, known: &[&str]) -> InvalidField {
    let shown: String = text.chars().take(SHOWN).collect();
    let known = known.join(", ");
    InvalidField::new(field, format!("{shown:?} is not supported; use one of {known}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn languages() -> Languages {
        "amharic=am, oromo = om,english=en,british=en-GB,".parse().unwrap()
    }

    #[test]
    fn found_by_name_code_and_region() {
        for (text, name) in [
            ("oromo", "oromo"),
            ("Oromo", "oromo"),
            ("OM", "oromo"),
            ("om-ET", "oromo"),
            ("om_ET", "oromo"),
            ("en-US", "english"),
            ("en-gb", "british"),
        ] {
            assert_eq!(languages().find(text).unwrap().name(), name, "{text}");
        }
    }

    #[test]
    fn an_unknown_language_or_voice_is_told_the_known_ones() {
        let error = languages().find("klingon").unwrap_err();
        let message = "\"klingon\" is not supported; use one of amharic, oromo, english, british";
        assert_eq!((&error.field[..], &error.message[..]), ("language", message));
        let voices: Voices =
            "bontu=oromo, neutral, abebe=amharic, neutral=klingon".parse().unwrap();
        let oromo = Language::named("oromo");
        assert_eq!(voices.check("bontu", &oromo), Ok(()));
        assert_eq!(voices.check("neutral", &oromo), Ok(()));
        let error = voices.check("abebe", &oromo).unwrap_err();
        let message = "\"abebe\" is not supported; use one of bontu, neutral";
        assert_eq!((&error.field[..], &error.message[..]), ("voice", message));
    }

    #[test]
    fn a_list_that_cannot_be_used_names_its_entry() {
        for (text, entry) in [("oromo=om, amharic", "amharic"), ("=om", "=om"), ("a=", "a=")] {
            assert_eq!(text.parse::<Languages>().unwrap_err().0, entry);
        }
        for entry in ["=oromo", "bontu="] {
            assert_eq!(entry.parse::<Voices>().unwrap_err().0, entry);
        }
        assert!("".parse::<Voices>().unwrap().all().is_empty());
    }
}
