//! Members of a provider's JSON body that every provider has in some shape: URLs, task ids,
//! progress, and the reason of a failure. Read leniently, kept short and harmless.

use std::collections::BTreeMap;

use domain::{InvalidField, Result, TaskId, limits};
use http::StatusCode;
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

use crate::{Answer, lenient};

/// Most characters of a provider's error text that are passed on.
const ERROR_CHARACTERS: usize = 200;

/// The text in `field` without the blanks around it; null and an empty text count as absent.
pub(crate) fn text<'a>(object: &'a Map<String, Value>, field: &str) -> Result<Option<&'a str>> {
    match object.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
        Some(_) => Err(InvalidField::new(field, "must be text")),
    }
}

/// The text in `field`, which must be there.
pub(crate) fn required<'a>(object: &'a Map<String, Value>, field: &str) -> Result<&'a str> {
    text(object, field)?.ok_or_else(|| missing(field))
}

/// That `field` must be there.
pub(crate) fn missing(field: &str) -> InvalidField {
    InvalidField::new(field, "is missing")
}

/// The task id in `field`, which must be there, as text or as a whole number.
pub(crate) fn task_id(object: &Map<String, Value>, field: &str) -> Result<TaskId> {
    let number = object.get(field).and_then(Value::as_number).and_then(whole);
    let id = match number {
        Some(digits) => digits.parse::<TaskId>(),
        None => required(object, field)?.parse(),
    };
    id.map_err(|error| InvalidField::new(field, error.message))
}

/// The digits of `number` if it is a whole one, which may be written with a fraction of nothing.
fn whole(number: &Number) -> Option<String> {
    match number.as_f64().filter(|_| number.is_f64()) {
        Some(float) => (float.fract() == 0.0).then(|| format!("{float:.0}")),
        None => Some(number.to_string()),
    }
}

/// The object that `body` is.
pub(crate) fn object(body: &[u8]) -> Result<Map<String, Value>> {
    match lenient::parse(body) {
        Some(Value::Object(object)) => Ok(object),
        _ => Err(InvalidField::new("body", "must be a JSON object")),
    }
}

/// Longest member of a long body that is read.
const MEMBER_BYTES: usize = 16 * 1024;

/// The members of the object that `body` is, each as its text, so that a long one costs no memory.
/// `None` if it is no strict JSON.
pub(crate) fn raw_members(body: &[u8]) -> Option<BTreeMap<String, &RawValue>> {
    serde_json::from_slice(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)).ok()
}

/// Those of `members` that are short. Null stands for the others.
pub(crate) fn short_members(members: &BTreeMap<String, &RawValue>) -> Map<String, Value> {
    let short = |raw: &RawValue| match raw.get() {
        json if json.len() <= MEMBER_BYTES => serde_json::from_str(json).unwrap_or_default(),
        _ => Value::Null,
    };
    members.iter().map(|(name, raw)| (name.clone(), short(raw))).collect()
}

/// Whether `answer` says no more than that its task is known: accepted, and nothing in the body.
pub(crate) fn is_bare(answer: &Answer<'_>) -> bool {
    answer.status != StatusCode::OK && answer.body.trim_ascii().is_empty()
}

/// The URL in `field`. Anything else there is passed over.
pub(crate) fn optional_url(object: &Map<String, Value>, field: &str) -> Option<String> {
    text(object, field).ok().flatten().and_then(url_text).map(str::to_owned)
}

/// Whether the URL may be followed is for `outbound` to say; here it only has to be one.
pub(crate) fn url_text(text: &str) -> Option<&str> {
    let text = text.trim();
    let scheme = text.split_once("://")?.0;
    let is_url = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
    (is_url && text.len() <= limits::SOURCE_URL_BYTES).then_some(text)
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
    let answer = lenient::parse(body).unwrap_or(Value::Null);
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
        Value::Array(errors) => errors.iter().find_map(error_text),
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
    use serde_json::json;

    use super::*;

    #[test]
    fn an_id_may_be_a_number_and_a_text_may_have_blanks_around_it() {
        let read = |value| task_id(&Map::from_iter([("id".to_owned(), value)]), "id");
        for id in [json!(17), json!(17.0), json!("17"), json!(" 17\n")] {
            assert_eq!(read(id).unwrap().as_str(), "17");
        }
        for id in [json!(null), json!(" "), json!(true), json!(1.5), json!([17]), json!("../17")] {
            assert_eq!(read(id).unwrap_err().field, "id");
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
            json!([{ "loc": ["body"] }, { "message": "out of memory" }]),
            json!("{\"error_message\": \"out of memory\", \"error_traceback\": \"File…\"}"),
            json!("out of\u{7} memory"),
        ] {
            assert_eq!(error_text(&error).as_deref(), Some("out of memory"), "{error}");
        }
        assert_eq!(error_text(&json!("x".repeat(999))).unwrap().len(), 200);
        assert_eq!(error_text(&json!(" \n")), None);
    }
}
