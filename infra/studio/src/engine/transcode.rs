//! Converts WAV to other formats, by ffmpeg.

use std::ffi::OsStr;
use std::path::Path;

use crate::program::{FFMPEG, ProgramError, run};

/// Converts the WAV at `from` to the format of the extension of `to`.
pub(super) async fn transcode(from: &Path, to: &Path) -> Result<(), ProgramError> {
    let [quiet, level, overwrite, input] = ["-loglevel", "error", "-y", "-i"].map(OsStr::new);
    let arguments = [quiet, level, overwrite, input, from.as_os_str(), to.as_os_str()];
    run(FFMPEG, &arguments, b"").await.map(drop)
}
