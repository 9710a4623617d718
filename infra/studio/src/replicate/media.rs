//! Makes the files of outputs: pictures and videos with ffmpeg, speech, and weights.

use std::ffi::OsStr;
use std::path::Path;

use domain::language::Language;
use domain::tts::TtsRequest;
use serde_json::json;
use tempfile::TempPath;

use super::file::filename;
use super::model_output::OutputError;
use crate::output::KeptFile;
use crate::program::{FFMPEG, ProgramError, run};
use crate::scenes::Appearance;
use crate::state::StudioState;
use crate::stored_file::StoredFile;

const SIDE: u32 = 256;
const FRAMES_PER_SECOND: u32 = 8;

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    Png,
    Jpg,
    Mp4,
    Wav,
    Mp3,
    Safetensors,
}

impl FileKind {
    const ALL: [Self; 6] =
        [Self::Png, Self::Jpg, Self::Mp4, Self::Wav, Self::Mp3, Self::Safetensors];

    /// The kind with that extension.
    pub fn named(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.extension() == extension)
    }

    const fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpg => "jpg",
            Self::Mp4 => "mp4",
            Self::Wav => "wav",
            Self::Mp3 => "mp3",
            Self::Safetensors => "safetensors",
        }
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpg => "image/jpeg",
            Self::Mp4 => "video/mp4",
            Self::Wav => "audio/wav",
            Self::Mp3 => "audio/mpeg",
            Self::Safetensors => "application/octet-stream",
        }
    }
}

/// Makes the file `stem` for `prompt`.
pub(super) async fn make(
    studio: &StudioState,
    stem: &str,
    kind: FileKind,
    prompt: &str,
) -> Result<KeptFile, OutputError> {
    let name = filename(stem, kind.extension());
    let path = TempPath::try_from_path(studio.work_dir.join(name))?;
    match kind {
        FileKind::Png | FileKind::Jpg => draw(prompt, &["-frames:v", "1"], &path).await?,
        FileKind::Mp4 => {
            let short = ["-t", "1", "-pix_fmt", "yuv420p", "-movflags", "+faststart"];
            draw(prompt, &short, &path).await?;
        }
        FileKind::Wav | FileKind::Mp3 => {
            let (text, format) = (prompt.to_owned(), Some(kind.extension()));
            let speech = TtsRequest::new(text, Language::named("english"), None, format)?;
            studio.settings.engine.speak(&speech, &path).await?;
        }
        FileKind::Safetensors => tokio::fs::write(&path, weights(prompt)).await?,
    }
    let file = StoredFile::at(path.to_path_buf(), kind.content_type()).await?;
    let url = format!("{}/output/{}", studio.base_url, file.filename);
    Ok(KeptFile::new(file, url, path))
}

async fn draw(prompt: &str, arguments: &[&str], path: &Path) -> Result<(), ProgramError> {
    let source = Appearance::of(prompt, "").gradient(SIDE, SIDE, FRAMES_PER_SECOND);
    let source = ["-hide_banner", "-loglevel", "error", "-y", "-f", "lavfi", "-i", &source];
    let mut all: Vec<&OsStr> = source.iter().chain(arguments).map(OsStr::new).collect();
    all.push(path.as_os_str());
    run(FFMPEG, &all, b"").await.map(drop)
}

/// A file in the format of safetensors: the length of a JSON head, the head, and one tensor.
fn weights(prompt: &str) -> Vec<u8> {
    let tensor = prompt.as_bytes();
    let head = json!({ "lora": {
        "dtype": "U8", "shape": [tensor.len()], "data_offsets": [0, tensor.len()],
    } });
    let head = head.to_string();
    [&(head.len() as u64).to_le_bytes(), head.as_bytes(), tensor].concat()
}
