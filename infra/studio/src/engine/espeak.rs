//! Speech by espeak-ng.

use std::ffi::OsStr;
use std::path::Path;

use domain::tts::TtsRequest;

use super::{SpeechError, languages};
use crate::program::{ESPEAK, run};

/// Checks that espeak-ng is installed.
pub(super) async fn check() -> Result<(), SpeechError> {
    run(ESPEAK, &["--version"], b"").await?;
    Ok(())
}

/// Speaks the text of `request` into a WAV at `path`.
pub(super) async fn speak(request: &TtsRequest, path: &Path) -> Result<(), SpeechError> {
    let voice = voice(request).await?;
    // "-b 1" sets UTF-8 whatever the locale.
    let [utf8, one, by, from_stdin, into] = ["-b", "1", "-v", "--stdin", "-w"].map(OsStr::new);
    let arguments = [utf8, one, by, OsStr::new(&voice), from_stdin, into, path.as_os_str()];
    run(ESPEAK, &arguments, request.text.as_bytes()).await?;
    Ok(())
}

/// The voice as espeak-ng names it. Its language voices have BCP 47 codes; a request may name one
/// of a region (`en-us`) or another speaker (`f3`).
async fn voice(request: &TtsRequest) -> Result<String, SpeechError> {
    let name = request.language.name();
    let code = languages::code(name).unwrap_or(name);
    let Some(requested) = &request.voice else { return Ok(code.to_owned()) };
    if requested.split('-').next() == Some(code) {
        return Ok(requested.clone());
    }
    // espeak-ng ignores an unknown speaker, so the list is checked first.
    let listed = run(ESPEAK, &["--voices=variant"], b"").await?;
    let file = format!("!v/{requested}");
    if String::from_utf8_lossy(&listed).split_whitespace().any(|word| word == file) {
        return Ok(format!("{code}+{requested}"));
    }
    Err(SpeechError::UnknownVoice(requested.clone()))
}
