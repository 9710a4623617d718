//! Other kinds of file than WAV, by ffmpeg.

use std::ffi::OsStr;
use std::path::Path;

use crate::program::{FFMPEG, ProgramError, run};

/// Turns the WAV at `from` into the kind of file that the extension of `to` names.
pub(super) async fn transcode(from: &Path, to: &Path) -> Result<(), ProgramError> {
    let [quiet, level, overwrite, input] = ["-loglevel", "error", "-y", "-i"].map(OsStr::new);
    let arguments = [quiet, level, overwrite, input, from.as_os_str(), to.as_os_str()];
    run(FFMPEG, &arguments, b"").await.map(drop)
}
