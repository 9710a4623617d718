//! The file that a RunPod worker offers, wherever and however it says so. Workers are programs
//! of many authors, so shapes differ.

use domain::InvalidField;
use domain::job::FileSource;
use serde_json::{Map, Value};

use crate::body::{text, url, url_text};

/// Longest file name accepted, in bytes; most file systems have the same limit.
const FILENAME_BYTES: usize = 255;
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

fn source(object: &Map<String, Value>, url_field: &str) -> Result<FileSource, InvalidField> {
    Ok(FileSource {
        download_url: url(object, url_field)?
            .ok_or_else(|| InvalidField::new(url_field, "is missing"))?,
        confirmation_url: url(object, "confirmation_url")?,
        filename: filename(object)?,
        ..FileSource::default()
    })
}

fn filename(object: &Map<String, Value>) -> Result<Option<String>, InvalidField> {
    match text(object, "filename")? {
        Some(name) if name.len() > FILENAME_BYTES => {
            Err(InvalidField::new("filename", format!("must be at most {FILENAME_BYTES} bytes")))
        }
        name => Ok(name.map(str::to_owned)),
    }
}

#[cfg(test)]
mod tests {
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
}
