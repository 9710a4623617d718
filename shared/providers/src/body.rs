//! Members of a provider's JSON body that every provider has in some shape: addresses, task
//! ids, progress, and what is said of a failure. Read leniently, kept short and harmless.

use domain::{InvalidField, limits};
use serde_json::{Map, Value};

/// Longest task id accepted, in bytes.
const TASK_BYTES: usize = 128;
/// Most characters of a provider's error text that are passed on.
const ERROR_CHARACTERS: usize = 200;

/// The text in `field`; null and an empty text count as absent.
pub(crate) fn text<'a>(
    object: &'a Map<String, Value>,
    field: &str,
) -> Result<Option<&'a str>, InvalidField> {
    match object.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(InvalidField::new(field, "must be text")),
    }
}

/// The address in `field`, if there is one.
pub(crate) fn url(
    object: &Map<String, Value>,
    field: &str,
) -> Result<Option<String>, InvalidField> {
    match text(object, field)? {
        None => Ok(None),
        Some(text) => match url_text(text) {
            Some(url) => Ok(Some(url.to_owned())),
            None => Err(InvalidField::new(field, "must be an http or https URL")),
        },
    }
}

/// Whether the URL may be gone to is for `outbound` to say; here it only has to be one.
pub(crate) fn url_text(text: &str) -> Option<&str> {
    let is_url = text.starts_with("https://") || text.starts_with("http://");
    (is_url && text.len() <= limits::URL_BYTES).then_some(text)
}

/// A task id becomes part of a URL's path, and must not lead it elsewhere.
pub(crate) fn is_task_id(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    !text.is_empty() && text.len() <= TASK_BYTES && text.chars().all(plain)
}

/// A number, or a text that is one.
pub(crate) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    }
}

/// How far a task is, in percent: `{"progress": 40}`, `"40%"`, or a number alone.
pub(crate) fn progress_percent(output: &Value) -> Option<u8> {
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
pub(crate) fn error_text(error: &Value) -> Option<String> {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

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
