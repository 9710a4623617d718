//! Finding the file in what a task has returned, wherever its worker put it: an address, or the
//! file itself in base64, which becomes a `data:` URL.

use domain::InvalidField;
use domain::job::source::is_inline;
use domain::job::{Source, SourceFile};
use serde_json::{Map, Value};

use crate::body::{missing, optional_url, text, url_text};
use crate::lenient;

/// Longest file taken from the answer itself, in bytes of base64: it is kept in its job's item.
const INLINE_BYTES: usize = 200 * 1024;
/// From how many characters on a text in base64 is taken for a file, where nothing says so.
const BASE64_CHARACTERS: usize = 64;
/// Longest file name accepted, in bytes; most file systems have the same limit.
const FILENAME_BYTES: usize = 255;
/// What a worker may call a member with its file, the best first.
const WORDS: [&str; 18] = [
    "download",
    "audio",
    "speech",
    "wav",
    "mp3",
    "video",
    "output",
    "file",
    "url",
    "uri",
    "s3",
    "presigned",
    "signed",
    "image",
    "result",
    "artifact",
    "data",
    "message",
];
/// What may follow such a word.
const ENDINGS: [&str; 8] = ["url", "uri", "base64", "b64", "file", "path", "link", "data"];

const NO_URL: &str = "must be an http or https URL";
const LOCAL: &str = "must be an http or https URL, not a path on the worker's own disk";
const TOO_LARGE: &str = "must be an http or https URL, since the file is larger than 200 KB";

/// The first file in `output`, else what is wrong with the nearest thing to one.
pub(crate) fn find(output: &Value) -> Result<Source, Option<&'static str>> {
    let mut search = Search { fault: None };
    search.value(output, "", &Map::new()).ok_or(search.fault)
}

/// The file in the member `field`, which must be there.
pub(crate) fn at(object: &Map<String, Value>, field: &str) -> Result<Source, InvalidField> {
    let value = object.get(field).filter(|value| !matches!(value, Value::Null));
    let mut search = Search { fault: None };
    let found = search.value(value.ok_or_else(|| missing(field))?, field, object);
    found.ok_or_else(|| InvalidField::new(field, search.fault.unwrap_or(NO_URL)))
}

struct Search {
    /// Why the first thing that is nearly a file is none.
    fault: Option<&'static str>,
}

impl Search {
    /// Searches `value`, which is called `name` in its `owner`.
    fn value(&mut self, value: &Value, name: &str, owner: &Map<String, Value>) -> Option<Source> {
        match value {
            Value::Object(object) => self.object(object),
            Value::Array(list) => list.iter().find_map(|value| self.value(value, name, owner)),
            Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
                self.value(&lenient::parse(text.as_bytes())?, name, owner)
            }
            Value::String(text) => {
                let url = self.url(text.trim(), name, owner)?;
                let file = SourceFile { filename: filename(owner), ..SourceFile::at(url) };
                let confirmation_url = optional_url(owner, "confirmation_url");
                Some(Source { confirmation_url, ..Source::of(file) })
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => None,
        }
    }

    fn object(&mut self, object: &Map<String, Value>) -> Option<Source> {
        let named = |word| object.iter().filter(move |(name, _)| is_called(name, word));
        let mut members = WORDS.into_iter().flat_map(named);
        members.find_map(|(name, value)| self.value(value, name, object))
    }

    /// The address that `text` is, or that holds the file that it is.
    fn url(&mut self, text: &str, name: &str, owner: &Map<String, Value>) -> Option<String> {
        if let Some(url) = url_text(text) {
            return Some(url.to_owned());
        }
        let fault = if is_inline(text) || is_base64(text, name, owner) {
            if text.len() <= INLINE_BYTES {
                let head =
                    if is_inline(text) { "" } else { "data:application/octet-stream;base64," };
                return Some(format!("{head}{text}"));
            }
            TOO_LARGE
        } else if text.contains('/') && !text.contains(char::is_whitespace) {
            LOCAL
        } else {
            return None;
        };
        self.fault.get_or_insert(fault);
        None
    }
}

/// Whether the member `name` may hold the file that `word` stands for: `audio`, `audios`,
/// `audioUrl`, `audio_file_url`.
fn is_called(name: &str, word: &str) -> bool {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    let name: String = letters.map(|c| c.to_ascii_lowercase()).collect();
    let mut name = name.trim_end_matches('s');
    while name != word {
        let shorter = ENDINGS.iter().find_map(|ending| name.strip_suffix(ending));
        match shorter {
            Some(shorter) if !shorter.is_empty() => name = shorter.trim_end_matches('s'),
            _ => return false,
        }
    }
    true
}

/// Whether `text` is a file in base64: by its name, by the `type` beside it, or by its length.
fn is_base64(text: &str, name: &str, owner: &Map<String, Value>) -> bool {
    let is_said = name.ends_with("64") || owner.get("type").is_some_and(|kind| kind == "base64");
    let is_digit = |c: u8| {
        c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'-' | b'_' | b'=' | b'\r' | b'\n')
    };
    let is_long = text.len() >= BASE64_CHARACTERS;
    !text.is_empty() && (is_said || is_long) && text.bytes().all(is_digit)
}

/// What the file beside which it stands is called. A name that cannot be used is passed over.
fn filename(owner: &Map<String, Value>) -> Option<String> {
    let name = ["filename", "file_name"].iter().find_map(|field| text(owner, field).ok()?)?;
    (name.len() <= FILENAME_BYTES).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const URL: &str = "https://x.example/a";

    fn found(output: &Value) -> Option<String> {
        find(output).ok().map(|source| source.main().unwrap().url.clone())
    }

    #[test]
    fn an_address_is_found_wherever_it_is() {
        for output in [
            json!(URL),
            json!([URL]),
            json!(json!({ "audio_url": URL }).to_string()),
            json!({ "download_url": 7, "url": URL }),
            json!({ "audio_url": URL, "audio_base64": null, "cost": 1e-7 }),
            json!([{ "log": "…" }, { "output_url": URL }]),
            json!({ "status": "success", "message": URL }),
            json!({ "audio": URL }),
            json!({ "audio": { "url": URL, "content_type": "audio/wav" } }),
            json!({ "images": [{ "filename": "a.wav", "type": "s3_url", "data": URL }] }),
            json!({ "videos": [{ "url": URL }], "images": [] }),
            json!({ "result": { "audio_url": URL } }),
            json!({ "results": [{ "success": true, "url": URL }] }),
            json!({ "files": [URL] }),
            json!({ "output": { "video_url": URL } }),
            json!({ "s3_url": URL }),
            json!({ "presigned_url": URL, "duration": 1.0 }),
            json!({ "audioFileUrl": URL }),
            json!({ "audio_file_url": format!(" {URL}\n") }),
            json!({ "thumbnail_url": "https://x.example/b", "image_url": URL, "webhook_url": "https://x.example/c" }),
        ] {
            assert_eq!(found(&output).as_deref(), Some(URL), "{output}");
        }
        for output in [
            json!(null),
            json!("done"),
            json!({}),
            json!([]),
            json!({ "refresh_worker": true }),
            json!({ "status": "success_no_images", "images": [] }),
            json!({ "message": "see the log" }),
            json!({ "webhook_url": URL, "thumbnail_url": URL, "input": { "audio_url": URL } }),
        ] {
            assert_eq!(find(&output), Err(None), "{output}");
        }
    }

    #[test]
    fn a_file_in_base64_becomes_a_data_url() {
        let (short, long) = ("UklGRg==", "A".repeat(BASE64_CHARACTERS));
        let inline = |data: &str| Some(format!("data:application/octet-stream;base64,{data}"));
        for (output, data) in [
            (json!({ "audio_base64": short }), short),
            (json!({ "images": [{ "filename": "a", "type": "base64", "data": short }] }), short),
            (json!({ "audio": long, "sample_rate": 24000 }), &long),
            (json!({ "message": long }), &long),
            (json!(long), &long),
        ] {
            assert_eq!(found(&output), inline(data), "{output}");
        }
        let url = format!("data:audio/wav;base64,{short}");
        for output in [json!(url), json!({ "audio": [url] })] {
            assert_eq!(found(&output), Some(url.clone()), "{output}");
        }
        let largest = "A".repeat(INLINE_BYTES);
        assert_eq!(found(&json!({ "audio": largest })), inline(&largest));
    }

    #[test]
    fn what_is_nearly_a_file_is_named() {
        let larger = "A".repeat(INLINE_BYTES + 1);
        let local = "simulated_uploaded/a.wav";
        for (value, fault) in [
            (larger.as_str(), TOO_LARGE),
            (&format!("data:audio/wav;base64,{larger}"), TOO_LARGE),
            (local, LOCAL),
            ("/tmp/a.wav", LOCAL),
            ("ftp://x.example/a", LOCAL),
        ] {
            assert_eq!(find(&json!({ "audio": value })), Err(Some(fault)));
            let object = Map::from_iter([("audio".to_owned(), json!(value))]);
            assert_eq!(at(&object, "audio").unwrap_err(), InvalidField::new("audio", fault));
        }
        let better = json!({ "audio": local, "results": [{ "url": URL }] });
        assert_eq!(found(&better).as_deref(), Some(URL));
    }

    #[test]
    fn odd_members_beside_a_file_cost_nothing() {
        for odd in [json!(7), json!(["x"]), json!("N/A"), json!("x".repeat(256)), json!(null)] {
            let output = json!({ "url": URL, "confirmation_url": odd, "filename": odd });
            let source = find(&output).unwrap();
            assert_eq!(source.confirmation_url, None, "{output}");
            let name = source.main().unwrap().filename.as_deref();
            assert_eq!(name, (odd == "N/A").then_some("N/A"), "{output}");
        }
    }
}
