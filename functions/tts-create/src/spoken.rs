//! `GET /v1/voices`: the languages and voices of speech jobs, and the check that a request names one of
//! them.

use domain::Result;
use domain::language::{Language, Languages, SpokenLanguage, Voice, Voices};
use runtime::{Environment, StartError};
use serde::Serialize;

/// What the deployment's speech worker speaks.
#[derive(Debug)]
pub(crate) struct Worker {
    languages: Languages,
    /// None if a request may name any.
    voices: Option<Voices>,
}

/// The languages and voices of speech jobs.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Voices"))]
pub struct Spoken<'a> {
    /// What `language` takes.
    languages: &'a [SpokenLanguage],
    /// What `voice` takes; null if the deployment lists none, and any name is passed to the worker.
    voices: Option<&'a [Voice]>,
}

impl Worker {
    pub(crate) fn read(environment: &Environment) -> Result<Self, StartError> {
        let languages = environment.required("SPEECH_LANGUAGES")?.parse();
        let voices = environment.get("SPEECH_VOICES").map(str::parse).transpose();
        let invalid = |name| {
            move |error: domain::language::InvalidEntry| StartError::Invalid {
                name,
                reason: error.to_string(),
            }
        };
        Ok(Self {
            languages: languages.map_err(invalid("SPEECH_LANGUAGES"))?,
            voices: voices.map_err(invalid("SPEECH_VOICES"))?,
        })
    }

    /// The language that a request names. If it names a voice, that must speak it.
    pub(crate) fn language(&self, text: &str, voice: Option<&str>) -> Result<Language> {
        let language = self.languages.find(text)?;
        if let (Some(voices), Some(voice)) = (&self.voices, voice) {
            voices.check(voice, &language)?;
        }
        Ok(language)
    }

    pub(crate) fn spoken(&self) -> Spoken<'_> {
        Spoken { languages: self.languages.all(), voices: self.voices.as_ref().map(Voices::all) }
    }
}
