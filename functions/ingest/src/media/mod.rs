//! What a file is, and whether it is whole, read off the file itself while it streams through. Pure.
//!
//! The length that a source announces does not prove a file whole: many announce none, and many serve
//! what is still being written. A container mostly states its own length; where it does not, or
//! holds a placeholder of a writer that streams, it is let through.
//!
//! A further format is a [`Format`] in a file of its own, and a line in [`formats`].

mod any;
mod flac;
mod iso;
mod jpeg;
mod mp3;
mod ogg;
mod png;
mod riff;
mod walk;
mod webm;

use domain::Job;
use domain::job::{FileRole, Media as Medium, SourceFile};
use domain::tts::AudioFormat;

use walk::{Format, Walk};

/// How much of a file's beginning is looked at to see what it is.
const HEAD: usize = 4096;

/// What a file has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Sound of that format.
    Audio(AudioFormat),
    /// A video in one of the usual containers.
    Video,
    /// A picture in one of the usual formats.
    Image,
    /// Anything but nothing, and but an error page where no page was announced.
    Any {
        /// Whether a page was announced.
        page: bool,
    },
    /// JSON.
    Json,
    /// JSON or another text about the job's other files, but no error page.
    Document {
        /// Whether a page was announced.
        page: bool,
    },
}

impl Expected {
    /// What `file` of `job` has to be.
    pub(crate) fn of(job: &Job, file: &SourceFile) -> Self {
        match file.role {
            FileRole::Returned => return Self::Json,
            FileRole::Document => return Self::Document { page: any::is_page_url(&file.url) },
            FileRole::Output | FileRole::Linked | FileRole::Thumbnail => {}
        }
        match (job.work.audio_format(), job.kind().media()) {
            (Some(format), _) => Self::Audio(format),
            (None, Medium::Audio) => Self::Audio(AudioFormat::default()),
            (None, Medium::Video) => Self::Video,
            (None, Medium::Image) => Self::Image,
            (None, Medium::Any) => Self::Any { page: any::is_page_url(&file.url) },
        }
    }

    /// The words for it in a message.
    const fn name(self) -> &'static str {
        match self {
            Self::Audio(format) => format.content_type(),
            Self::Video => "a video",
            Self::Image => "a picture",
            Self::Any { .. } => "a file",
            Self::Json => "JSON",
            Self::Document { .. } => "a document",
        }
    }
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileType {
    pub(crate) content_type: &'static str,
    pub(crate) extension: &'static str,
}

impl FileType {
    const fn new(content_type: &'static str, extension: &'static str) -> Self {
        Self { content_type, extension }
    }
}

/// A file on its way.
#[derive(Debug)]
pub(crate) struct Media {
    expected: Expected,
    head: Vec<u8>,
    found: Option<(FileType, Walk)>,
}

impl Media {
    pub(crate) const fn new(expected: Expected) -> Self {
        Self { expected, head: Vec::new(), found: None }
    }

    /// Adds what comes next in the file.
    pub(crate) fn add(&mut self, mut chunk: &[u8]) {
        if !self.is_known() {
            let (head, rest) = chunk.split_at(chunk.len().min(HEAD - self.head.len()));
            self.head.extend_from_slice(head);
            chunk = rest;
            if self.is_known() {
                self.end();
            }
        }
        if let Some((_, walk)) = &mut self.found {
            walk.add(chunk);
        }
    }

    /// Whether enough has come to see what the file is.
    pub(crate) const fn is_known(&self) -> bool {
        self.head.len() == HEAD
    }

    /// Looks at what has come of the beginning: it is all of a small file.
    pub(crate) fn end(&mut self) {
        if self.found.is_none() {
            self.found = formats(self.expected, &self.head).map(|(file_type, format)| {
                let mut walk = Walk::new(format);
                walk.add(&self.head);
                (file_type, walk)
            });
        }
    }

    /// What the file is, if it is what it has to be; if not, a sentence that says so.
    pub(crate) fn file_type(&self) -> Result<FileType, String> {
        let found = self.found.as_ref().map(|(file_type, _)| *file_type);
        found.ok_or_else(|| {
            let name = infer::get(&self.head).map_or("unknown", |kind| kind.mime_type());
            format!("The provider's file is of type {name}, not {}.", self.expected.name())
        })
    }

    /// Whether all of the file has come, by what it says of itself.
    pub(crate) fn is_whole(&self) -> bool {
        self.found.as_ref().is_some_and(|(_, walk)| walk.is_whole())
    }

    /// How long it plays, in milliseconds, if its header says so.
    pub(crate) fn duration_ms(&self) -> Option<u64> {
        self.found.as_ref()?.1.duration_ms()
    }
}

/// A type, and what walks through a file of it.
type Found = (FileType, Box<dyn Format>);

/// The format of a file that begins with `head`, if it is one that is expected.
fn formats(expected: Expected, head: &[u8]) -> Option<Found> {
    match expected {
        Expected::Audio(asked) => {
            let file_type = FileType::new(asked.content_type(), asked.as_str());
            match asked {
                AudioFormat::Wav if riff::is_wav(head) => Some(found::<riff::Riff>(file_type)),
                AudioFormat::Mp3 if mp3::is_mp3(head) => Some(found::<mp3::Mp3>(file_type)),
                AudioFormat::Ogg if ogg::is_ogg(head) => Some(found::<ogg::Ogg>(file_type)),
                AudioFormat::Flac if flac::is_flac(head) => Some(found::<flac::Flac>(file_type)),
                _ => None,
            }
        }
        Expected::Video => match iso::file_type(head) {
            Some(file_type) => Some(found::<iso::Iso>(file_type)),
            None if webm::is_webm(head) => Some(found::<webm::Webm>(webm::TYPE)),
            None => None,
        },
        Expected::Image if jpeg::is_jpeg(head) => Some(found::<jpeg::Jpeg>(jpeg::TYPE)),
        Expected::Image if png::is_png(head) => Some(found::<png::Png>(png::TYPE)),
        Expected::Image if riff::is_webp(head) => Some(found::<riff::Riff>(riff::WEBP)),
        Expected::Image => None,
        Expected::Json => Some(found::<any::Any>(any::JSON)),
        Expected::Document { .. } if any::is_json(head) => Some(found::<any::Json>(any::JSON)),
        Expected::Any { page } | Expected::Document { page } => any::format(head, page),
    }
}

fn found<F: Format + Default + 'static>(file_type: FileType) -> Found {
    (file_type, Box::<F>::default())
}

#[cfg(test)]
mod tests;
