//! Files of any sort. One that a check is written for is checked as that; of others nothing is known
//! but their length.

use super::walk::{End, Format, Next};
use super::{FileType, Found, found};

/// The endings of files that look like error pages.
const PAGES: [&str; 5] = [".html", ".htm", ".xhtml", ".xml", ".svg"];
/// How servers begin the pages that they answer with instead of a file.
const PAGE_HEADS: [&str; 4] = ["<!doctype html", "<html", "<?xml", "<error"];

/// The type of JSON.
pub(super) const JSON: FileType = FileType::new("application/json", "json");

/// Whether a file that begins with `head` looks like a JSON object or list.
pub(super) fn is_json(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    matches!(head.first(), Some(b'{' | b'['))
}

/// Whether the file at `url` is a page by its name.
pub(super) fn is_page_url(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    PAGES.iter().any(|ending| path.ends_with(ending))
}

/// The format of a file that begins with `head`; `None` for an error page, unless `page` says that
/// one was announced.
pub(super) fn format(head: &[u8], page: bool) -> Option<Found> {
    let format = || known(head).unwrap_or_else(|| found::<Any>(file_type(head)));
    (page || !is_page(head)).then(format)
}

fn is_page(head: &[u8]) -> bool {
    let head = head.trim_ascii_start();
    let begins = |page: &&str| {
        head.get(..page.len()).is_some_and(|start| start.eq_ignore_ascii_case(page.as_bytes()))
    };
    PAGE_HEADS.iter().any(begins)
}

fn known(head: &[u8]) -> Option<Found> {
    use super::{flac, iso, jpeg, mp3, ogg, png, riff, webm};
    let of = FileType::new;
    if let Some(file_type) = iso::file_type(head) {
        return Some(found::<iso::Iso>(file_type));
    }
    if riff::is_wav(head) {
        Some(found::<riff::Riff>(of("audio/wav", "wav")))
    } else if riff::is_webp(head) {
        Some(found::<riff::Riff>(riff::WEBP))
    } else if flac::is_flac(head) {
        Some(found::<flac::Flac>(of("audio/flac", "flac")))
    } else if ogg::is_ogg(head) {
        Some(found::<ogg::Ogg>(of("audio/ogg", "ogg")))
    } else if webm::is_webm(head) {
        Some(found::<webm::Webm>(webm::TYPE))
    } else if jpeg::is_jpeg(head) {
        Some(found::<jpeg::Jpeg>(jpeg::TYPE))
    } else if png::is_png(head) {
        Some(found::<png::Png>(png::TYPE))
    } else if mp3::is_mp3(head) {
        Some(found::<mp3::Mp3>(of("audio/mpeg", "mp3")))
    } else {
        None
    }
}

fn file_type(head: &[u8]) -> FileType {
    let known = infer::get(head).map(|kind| FileType::new(kind.mime_type(), kind.extension()));
    let text = || match std::str::from_utf8(head) {
        // A character may be cut at the end of the head.
        Err(error) if error.error_len().is_some() => None,
        _ if head.contains(&0) => None,
        _ => Some(FileType::new("text/plain", "txt")),
    };
    known.or_else(text).unwrap_or(FileType::new("application/octet-stream", "bin"))
}

/// A JSON object or list, of which no more is checked than that it ends with what closes it.
#[derive(Debug, Default)]
pub(super) struct Json {
    closing: Option<u8>,
}

impl Format for Json {
    fn first(&self) -> usize {
        1
    }

    fn read(&mut self, header: &[u8], _: u64) -> Next {
        self.closing = match header {
            [b'{'] => Some(b'}'),
            [b'['] => Some(b']'),
            _ => return Next::Slide,
        };
        Next::Tail
    }

    fn is_whole(&self, end: &End<'_>) -> bool {
        self.closing.is_some() && end.tail.trim_ascii_end().last().copied() == self.closing
    }
}

/// A file of which nothing is checked.
#[derive(Debug, Default)]
pub(super) struct Any;

impl Format for Any {
    fn first(&self) -> usize {
        1
    }

    fn read(&mut self, _: &[u8], _: u64) -> Next {
        Next::Stop
    }

    fn is_whole(&self, end: &End<'_>) -> bool {
        end.bytes > 0
    }
}
