//! A JSON object of a client that is kept and returned as it was sent: metadata, options.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::{InvalidField, limits};

/// A small JSON object. It is stored as the text that was sent, which preserves its numbers and the
/// order of its members, without the blanks between them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JsonObject(String);

impl JsonObject {
    /// Checks `json`, the member `metadata` as it was sent. It is returned but never read.
    pub fn metadata(json: &RawValue) -> Result<Self, InvalidField> {
        Self::new("metadata", json, limits::METADATA_BYTES)
    }

    /// Checks `json`, the member `options` as it was sent, which has none of the `reserved` members.
    pub fn options(json: &RawValue, reserved: &[&str]) -> Result<Self, InvalidField> {
        let options = Self::new("options", json, limits::OPTIONS_BYTES)?;
        match options.members().keys().find(|name| reserved.contains(&name.as_str())) {
            Some(name) => {
                Err(InvalidField::new(name, "is not accepted as an option").within("options"))
            }
            None => Ok(options),
        }
    }

    /// Checks `json`, a model's `input` as it was sent, and the files within it.
    pub fn input(json: &RawValue) -> Result<Self, InvalidField> {
        if let Ok(value) = serde_json::from_str(json.get()) {
            check_files("input", &value)?;
        }
        Self::new("input", json, limits::MODEL_INPUT_BYTES)
    }

    /// As it was sent, without the blanks.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn new(field: &str, json: &RawValue, limit: usize) -> Result<Self, InvalidField> {
        if !json.get().starts_with('{') {
            return Err(InvalidField::new(field, "must be a JSON object"));
        }
        let text = compact(json.get());
        if text.len() > limit {
            let message = format!("must be at most {limit} bytes of JSON, is {}", text.len());
            return Err(InvalidField::new(field, message));
        }
        Ok(Self(text))
    }

    /// Its members, each as it was sent; the last one where a name comes twice.
    pub fn members(&self) -> BTreeMap<String, Box<RawValue>> {
        serde_json::from_str(&self.0).unwrap_or_default()
    }
}

/// Refuses a long `data:` URI in `value`, which is at `place`.
fn check_files(place: &str, value: &Value) -> Result<(), InvalidField> {
    match value {
        Value::String(text) if text.len() > limits::DATA_URI_BYTES && is_data_uri(text) => {
            let (limit, length) = (limits::DATA_URI_BYTES, text.len());
            let message = format!(
                "must be at most {limit} bytes as a data: URI, is {length}; give the file's URL"
            );
            Err(InvalidField::new(place, message))
        }
        Value::Array(items) => {
            let mut items = items.iter().enumerate();
            items.try_for_each(|(index, item)| check_files(&format!("{place}[{index}]"), item))
        }
        Value::Object(members) => {
            let mut members = members.iter();
            members.try_for_each(|(name, member)| check_files(&format!("{place}.{name}"), member))
        }
        _ => Ok(()),
    }
}

/// Whether `text` is a file itself, not where it is. Schemes are written in any case.
fn is_data_uri(text: &str) -> bool {
    text.trim_start().get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"))
}

/// `#[serde(serialize_with = "json_object::as_json")]`: the object itself, or null.
#[allow(clippy::ref_option, reason = "serde gives a reference to the field")]
pub(crate) fn as_json<S: Serializer>(
    object: &Option<JsonObject>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let json =
        object.as_ref().and_then(|JsonObject(text)| RawValue::from_string(text.clone()).ok());
    json.serialize(serializer)
}

/// `json` without the blanks outside its strings.
fn compact(json: &str) -> String {
    let (mut in_string, mut is_escaped) = (false, false);
    let keep = |c: &char| {
        let is_blank = !in_string && matches!(c, ' ' | '\t' | '\n' | '\r');
        if *c == '"' && !is_escaped {
            in_string = !in_string;
        }
        is_escaped = in_string && *c == '\\' && !is_escaped;
        !is_blank
    };
    json.chars().filter(keep).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn only_blanks_between_members_are_dropped() {
        let sent = "{ \"b\" : 18446744073709551617,\n\t\"a\\\" \\\\\": [ 1.0, \" x \\n \" ] }";
        let kept = JsonObject::metadata(&raw(sent)).unwrap();
        assert_eq!(kept.0, "{\"b\":18446744073709551617,\"a\\\" \\\\\":[1.0,\" x \\n \"]}");
        for other in ["[1]", "\"text\"", "7"] {
            assert!(JsonObject::metadata(&raw(other)).is_err(), "{other}");
        }
    }

    #[test]
    fn options_have_no_reserved_member_and_a_bounded_size() {
        let field = |text: &str| JsonObject::options(&raw(text), &["text"]).unwrap_err().field;
        assert_eq!(field(r#"{"speed":1,"\u0074ext":"other"}"#), "options.text");
        assert_eq!(field("[]"), "options");
        assert_eq!(field(&format!("{{\"a\":\"{}\"}}", "x".repeat(4096))), "options");
        let kept = JsonObject::options(&raw(r#"{"speed":1.10,"Text":null}"#), &["text"]).unwrap();
        let members = kept.members();
        let members: Vec<_> = members.iter().map(|(name, raw)| (&name[..], raw.get())).collect();
        assert_eq!(members, [("Text", "null"), ("speed", "1.10")]);
    }

    #[test]
    fn a_long_file_within_a_models_input_is_named() {
        let long = format!("data:image/png;base64,{}", "A".repeat(limits::DATA_URI_BYTES));
        let error = |input: Value| JsonObject::input(&raw(&input.to_string())).unwrap_err();
        let [image, list] = [json!({ "image": long }), json!({ "a": { "b": [1, long] } })];
        assert_eq!(error(image).field, "input.image");
        assert_eq!(error(list).field, "input.a.b[1]");
        assert_eq!(error(json!({ "text": "x".repeat(limits::MODEL_INPUT_BYTES) })).field, "input");
        let longest = &long[..limits::DATA_URI_BYTES];
        for input in
            [json!({ "image": longest }), json!({ "text": &long[5..limits::DATA_URI_BYTES] })]
        {
            assert!(JsonObject::input(&raw(&input.to_string())).is_ok());
        }
    }
}
