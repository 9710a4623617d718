//! Speech by espeak-ng.

use std::ffi::OsStr;
use std::path::Path;

use domain::tts::TtsRequest;

use super::SpeechError;
use crate::program::{ESPEAK, run};

/// Whether espeak-ng is there.
pub(super) async fn check() -> Result<(), SpeechError> {
    run(ESPEAK, &["--version"], b"").await?;
    Ok(())
}

/// Speaks the text of `request` into a WAV at `path`.
pub(super) async fn speak(request: &TtsRequest, path: &Path) -> Result<(), SpeechError> {
    let voice = voice(request).await?;
    // "-b 1" says that the text is UTF-8 whatever the locale.
    let [utf8, one, by, from_stdin, into] = ["-b", "1", "-v", "--stdin", "-w"].map(OsStr::new);
    let arguments = [utf8, one, by, OsStr::new(&voice), from_stdin, into, path.as_os_str()];
    run(ESPEAK, &arguments, request.text.as_bytes()).await?;
    Ok(())
}

/// The voice as espeak-ng names it. Its language voices are named by BCP 47 codes; a request
/// may ask for one of a region (`en-us`) or for another speaker (`f3`).
async fn voice(request: &TtsRequest) -> Result<String, SpeechError> {
    let code = request.language.code();
    let Some(asked) = &request.voice else { return Ok(code.to_owned()) };
    if asked.split('-').next() == Some(code) {
        return Ok(asked.clone());
    }
    // espeak-ng speaks on without a word when it does not know a speaker, so it is asked first.
    let listed = run(ESPEAK, &["--voices=variant"], b"").await?;
    let file = format!("!v/{asked}");
    if String::from_utf8_lossy(&listed).split_whitespace().any(|word| word == file) {
        return Ok(format!("{code}+{asked}"));
    }
    Err(SpeechError::UnknownVoice(asked.clone()))
}
