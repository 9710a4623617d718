//! Members of a provider's JSON body that every provider has in some shape: URLs, task ids,
//! progress, and the reason of a failure. Read leniently, kept short and harmless.

use domain::{InvalidField, TaskId, limits};
use serde_json::{Map, Value};

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

/// The text in `field`, which must be there.
pub(crate) fn required<'a>(
    object: &'a Map<String, Value>,
    field: &str,
) -> Result<&'a str, InvalidField> {
    text(object, field)?.ok_or_else(|| InvalidField::new(field, "is missing"))
}

/// The task id in `field`, which must be there.
pub(crate) fn task_id(object: &Map<String, Value>, field: &str) -> Result<TaskId, InvalidField> {
    let id = required(object, field)?.parse::<TaskId>();
    id.map_err(|error| InvalidField::new(field, error.message))
}

/// The object that `body` is.
pub(crate) fn object(body: &[u8]) -> Result<Map<String, Value>, InvalidField> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(InvalidField::new("body", "must be a JSON object")),
    }
}

/// The URL in `field`, if there is one.
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

/// Whether the URL may be followed is for `outbound` to say; here it only has to be one.
pub(crate) fn url_text(text: &str) -> Option<&str> {
    let is_url = text.starts_with("https://") || text.starts_with("http://");
    (is_url && text.len() <= limits::URL_BYTES).then_some(text)
}

/// A number, or a text that is one.
pub(crate) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    }
}

/// The reason in an error answer's body, after a colon; empty if it names none.
pub(crate) fn reason(body: &[u8]) -> String {
    let answer = serde_json::from_slice(body).unwrap_or(Value::Null);
    error_text(&answer).map_or_else(String::new, |reason| format!(": {reason}"))
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
