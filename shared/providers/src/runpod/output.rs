//! The file that a RunPod worker offers, wherever and however it says so; its progress; and
//! what it says when it fails. Workers are programs of many authors, so shapes differ.

use domain::job::FileSource;
use domain::{InvalidField, limits};
use serde_json::{Map, Value};

/// Longest file name accepted, in bytes; most file systems have the same limit.
const FILENAME_BYTES: usize = 255;
/// Most characters of a provider's error text that are passed on.
const ERROR_CHARACTERS: usize = 200;
/// Names under which a finished worker may put the address of its file.
const URL_FIELDS: [&str; 5] = ["download_url", "audio_url", "output_url", "file_url", "url"];

/// The file in seed 000's own words, which name it while the task still runs, too.
pub fn offered(object: &Map<String, Value>) -> Result<FileSource, InvalidField> {
    source(object, "download_url")
}

/// The file in the output of a task that has completed: seed 000's words, another name for its
/// address, the address alone, or a list whose first file it is.
pub fn finished(output: &Value) -> Option<FileSource> {
    match output {
        Value::Object(object) => URL_FIELDS.iter().find_map(|field| source(object, field).ok()),
        Value::Array(list) => list.iter().find_map(finished),
        Value::String(url) => {
            let url = url_text(url)?.to_owned();
            Some(FileSource { download_url: url, ..FileSource::default() })
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// How far a task is, in percent: `{"progress": 40}`, `"40%"`, or a number alone.
pub fn progress_percent(output: &Value) -> Option<u8> {
    let percent = match output {
        Value::Object(object) => {
            return ["progress_percent", "progress", "percent"]
                .iter()
                .find_map(|field| progress_percent(object.get(*field)?));
        }
        Value::String(text) => text.trim().trim_end_matches('%').trim_end().parse().ok()?,
        other => other.as_f64()?,
    };
    (0_u8..=100).rev().find(|step| f64::from(*step) <= percent)
}

/// One line of what went wrong, short and without a traceback.
pub fn error_text(error: &Value) -> Option<String> {
    match error {
        Value::Object(object) => ["error_message", "message", "error", "detail"]
            .iter()
            .find_map(|field| error_text(object.get(*field)?)),
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(nested @ Value::Object(_)) => error_text(&nested),
            _ => one_line(text),
        },
        _ => None,
    }
}

/// The last line, where Python puts the message of an error after its traceback.
fn one_line(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty())?;
    let plain = line.chars().filter(|c| !c.is_control());
    Some(plain.take(ERROR_CHARACTERS).collect())
}

fn source(object: &Map<String, Value>, url_field: &str) -> Result<FileSource, InvalidField> {
    Ok(FileSource {
        download_url: url(object, url_field)?
            .ok_or_else(|| InvalidField::new(url_field, "is missing"))?,
        confirmation_url: url(object, "confirmation_url")?,
        filename: filename(object)?,
        ..FileSource::default()
    })
}

fn url(object: &Map<String, Value>, field: &str) -> Result<Option<String>, InvalidField> {
    match text(object, field)? {
        None => Ok(None),
        Some(text) => match url_text(text) {
            Some(url) => Ok(Some(url.to_owned())),
            None => Err(InvalidField::new(field, "must be an http or https URL")),
        },
    }
}

/// Whether the URL may be gone to is for `outbound` to say; here it only has to be one.
fn url_text(text: &str) -> Option<&str> {
    let is_url = text.starts_with("https://") || text.starts_with("http://");
    (is_url && text.len() <= limits::URL_BYTES).then_some(text)
}

fn filename(object: &Map<String, Value>) -> Result<Option<String>, InvalidField> {
    match text(object, "filename")? {
        Some(name) if name.len() > FILENAME_BYTES => {
            Err(InvalidField::new("filename", format!("must be at most {FILENAME_BYTES} bytes")))
        }
        name => Ok(name.map(str::to_owned)),
    }
}

fn text<'a>(object: &'a Map<String, Value>, field: &str) -> Result<Option<&'a str>, InvalidField> {
    match object.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(InvalidField::new(field, "must be text")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn address(output: &Value) -> Option<String> {
        finished(output).map(|source| source.download_url)
    }

    #[test]
    fn finds_the_file_in_every_shape() {
        for output in [
            json!("https://x.example/a"),
            json!({ "download_url": "https://x.example/a", "confirmation_url": null }),
            json!({ "audio_url": "https://x.example/a", "seconds": 3 }),
            json!({ "download_url": 7, "url": "https://x.example/a" }),
            json!([{ "log": "…" }, { "output_url": "https://x.example/a" }]),
        ] {
            assert_eq!(address(&output).as_deref(), Some("https://x.example/a"), "{output}");
        }
        for output in [json!(null), json!("done"), json!({}), json!([]), json!({ "url": "/a" })] {
            assert_eq!(address(&output), None, "{output}");
        }
    }

    #[test]
    fn reads_progress() {
        for (output, percent) in [
            (json!({ "progress": 40 }), Some(40)),
            (json!({ "progress_percent": "40" }), Some(40)),
            (json!("40.9 %"), Some(40)),
            (json!(250), Some(100)),
            (json!(-3), None),
            (json!("nearly"), None),
            (json!(null), None),
        ] {
            assert_eq!(progress_percent(&output), percent, "{output}");
        }
    }

    #[test]
    fn an_error_is_one_short_line() {
        for error in [
            json!("out of memory"),
            json!("Traceback (most recent call last):\n  File \"x.py\"\nout of memory\n"),
            json!({ "error_type": "E", "error_message": "out of memory" }),
            json!("{\"error_message\": \"out of memory\", \"error_traceback\": \"File…\"}"),
            json!("out of\u{7} memory"),
        ] {
            assert_eq!(error_text(&error).as_deref(), Some("out of memory"), "{error}");
        }
        assert_eq!(error_text(&json!("x".repeat(999))).unwrap().len(), 200);
        assert_eq!(error_text(&json!(" \n")), None);
    }
}
