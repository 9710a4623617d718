//! The files that a provider announces for a while, until they are pulled into our bucket.

use std::fmt;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use serde_with_macros::skip_serializing_none;

use crate::UrlHost;

/// What a URL begins with that is itself the file.
const INLINE: &str = "data:";
/// Base64 with or without its padding, whatever its last bits.
const LENIENT_BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Everything that a finished task announces.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Source {
    /// The files, the one that the job is named after first.
    pub files: Vec<SourceFile>,
    /// Where to confirm that they have arrived, if the provider waits for that.
    pub confirmation_url: Option<String>,
}

/// One file of a provider.
#[skip_serializing_none]
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Where to pull it from. A `data:` URL is the file itself; see [`inline_bytes`].
    pub url: String,
    /// What it is to its job.
    #[serde(default)]
    pub role: FileRole,
    /// The output's name, unique within the job; by default that of the job's kind of media.
    pub name: Option<String>,
    /// Its place among the outputs of its sort, where there are several.
    pub index: Option<u32>,
    /// What the provider calls it.
    pub filename: Option<String>,
    /// How long it plays, in milliseconds, as the provider says.
    pub duration_ms: Option<u64>,
    /// What else the provider says of it, such as a clip's score.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub attributes: Map<String, Value>,
}

/// What a file is to its job.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileRole {
    /// A result: without it the job is not completed.
    #[default]
    Output,
    /// A result if it lies at one of its provider's own hosts; else a URL that the result only
    /// mentions.
    Linked,
    /// A result that is text about the others, such as a transcript, whatever its job makes.
    Document,
    /// A small picture of the result: without it the job is as good.
    Thumbnail,
    /// All that the task returned, as JSON, where that is too long to lie in the job. It has no URL: the
    /// provider's API gives it when it is asked for the task.
    Returned,
}

impl Source {
    /// The source that consists of `file` alone.
    pub fn of(file: SourceFile) -> Self {
        Self { files: vec![file], confirmation_url: None }
    }

    /// Adds all that the task returned, as the output `name`.
    #[must_use]
    pub fn with_returned(mut self, name: String) -> Self {
        let (role, name) = (FileRole::Returned, Some(name));
        self.files.push(SourceFile { role, name, ..SourceFile::default() });
        self
    }

    /// Adds the small picture at `url`, if there is one.
    #[must_use]
    pub fn with_thumbnail(mut self, url: Option<String>) -> Self {
        let thumbnail = |url| SourceFile { role: FileRole::Thumbnail, ..SourceFile::at(url) };
        self.files.extend(url.map(thumbnail));
        self
    }

    /// The file that the job is named after.
    pub fn main(&self) -> Option<&SourceFile> {
        self.files.iter().find(|file| file.role != FileRole::Thumbnail)
    }
}

impl SourceFile {
    /// A result at `url`, of which nothing else is known.
    pub fn at(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }

    /// Whether its URL is the file itself, so that nobody else can pull it.
    pub fn is_inline(&self) -> bool {
        is_inline(&self.url)
    }

    /// Whether it has that role, and nothing that the stored form of a single file cannot hold.
    fn is_plain(&self, role: FileRole) -> bool {
        let is_named = self.name.is_some() || self.index.is_some();
        self.role == role && !is_named && self.attributes.is_empty()
    }
}

/// Shows no URL: a presigned one is a key to the file.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has_confirmation = self.confirmation_url.is_some();
        let mut all = f.debug_struct("Source");
        all.field("files", &self.files).field("has_confirmation", &has_confirmation).finish()
    }
}

/// Shows its URL's host alone.
impl fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut file = f.debug_struct("SourceFile");
        file.field("url", &UrlHost(&self.url)).field("role", &self.role);
        file.field("name", &self.name).field("index", &self.index).finish_non_exhaustive()
    }
}

/// Whether `url` is itself a file.
pub fn is_inline(url: &str) -> bool {
    url.get(..INLINE.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(INLINE))
}

/// The media type, empty if it names none, and the bytes of a `data:` URL in base64. Line breaks
/// and the URL-safe alphabet are accepted. `None` for any other URL.
pub fn inline_bytes(url: &str) -> Option<(String, Vec<u8>)> {
    let (head, data) = url.get(INLINE.len()..).filter(|_| is_inline(url))?.split_once(',')?;
    let (media_type, encoding) = head.rsplit_once(';').unwrap_or(("", head));
    if !encoding.trim().eq_ignore_ascii_case("base64") {
        return None;
    }
    let standard = |c| match c {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    };
    let data = data.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
    let data: Vec<u8> = data.bytes().filter(|c| !c.is_ascii_whitespace()).map(standard).collect();
    let bytes = LENIENT_BASE64.decode(data).ok()?;
    Some((media_type.trim().to_ascii_lowercase(), bytes))
}

/// How a source is stored: one plain file, with its small picture, as `download_url` and the
/// members beside it, which is all that version 0.1 had; anything else as `files`.
#[skip_serializing_none]
#[derive(Default, Serialize, Deserialize)]
struct Stored {
    download_url: Option<String>,
    confirmation_url: Option<String>,
    filename: Option<String>,
    thumbnail_url: Option<String>,
    duration_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    files: Vec<SourceFile>,
}

impl From<Stored> for Source {
    fn from(stored: Stored) -> Self {
        let Stored { filename, duration_ms, confirmation_url, mut files, .. } = stored;
        if let Some(url) = stored.download_url {
            files.insert(0, SourceFile { filename, duration_ms, ..SourceFile::at(url) });
        }
        Self { files, confirmation_url }.with_thumbnail(stored.thumbnail_url)
    }
}

impl From<Source> for Stored {
    fn from(source: Source) -> Self {
        let Source { files, confirmation_url } = source;
        let (main, thumbnail_url) = match &files[..] {
            [main] if main.is_plain(FileRole::Output) => (main, None),
            [main, small]
                if main.is_plain(FileRole::Output) && small.is_plain(FileRole::Thumbnail) =>
            {
                (main, Some(small.url.clone()))
            }
            _ => return Self { confirmation_url, files, ..Self::default() },
        };
        let SourceFile { url, filename, duration_ms, .. } = main.clone();
        let download_url = Some(url);
        let files = Vec::new();
        Self { download_url, confirmation_url, filename, thumbnail_url, duration_ms, files }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_file_is_stored_as_version_0_1_did() {
        let file = SourceFile {
            filename: Some("a.mp4".into()),
            duration_ms: Some(5000),
            ..SourceFile::at("https://x.example/a.mp4")
        };
        let source = Source {
            confirmation_url: Some("https://x.example/ok".into()),
            ..Source::of(file).with_thumbnail(Some("https://x.example/a.jpg".into()))
        };
        let stored = json!({
            "download_url": "https://x.example/a.mp4",
            "confirmation_url": "https://x.example/ok",
            "filename": "a.mp4",
            "thumbnail_url": "https://x.example/a.jpg",
            "duration_ms": 5000,
        });
        assert_eq!(json!(source), stored);
        assert_eq!(serde_json::from_value::<Source>(stored).unwrap(), source);
    }

    #[test]
    fn a_data_url_is_its_file() {
        let bytes = |url| inline_bytes(url).map(|(kind, bytes)| (kind, hex::encode(bytes)));
        for (url, kind) in [
            ("data:audio/wav;base64,+/8AAQ==", "audio/wav"),
            ("DATA:Audio/WAV;Base64,+/8AAQ", "audio/wav"),
            ("data:audio/wav;rate=24000;base64,+/8A\r\nAQ==", "audio/wav;rate=24000"),
            ("data:;base64,-_8AAQ==", ""),
            ("data:base64,%2B%2F8AAQ%3D%3D", ""),
        ] {
            assert_eq!(bytes(url), Some((kind.to_owned(), "fbff0001".to_owned())), "{url}");
        }
        for url in [
            "https://x.example/a",
            "data:audio/wav,plain",
            "data:;base64",
            "data:;base64,!",
            "é",
            "",
        ] {
            assert_eq!(bytes(url), None, "{url}");
        }
        assert!(SourceFile::at("data:,x").is_inline());
        assert!(!SourceFile::at("https://x.example/data:").is_inline());
    }

    #[test]
    fn several_files_keep_their_names_and_attributes() {
        let clip = |index: u32| SourceFile {
            name: Some(format!("clip-{index}")),
            index: Some(index),
            attributes: Map::from_iter([("score".to_owned(), json!(0.5))]),
            ..SourceFile::at("https://x.example/clip")
        };
        let source = Source { files: vec![clip(0), clip(1)], confirmation_url: None };
        let stored = json!(source);
        assert_eq!(stored["files"][1]["name"], "clip-1");
        assert_eq!(serde_json::from_value::<Source>(stored).unwrap(), source);
    }
}
