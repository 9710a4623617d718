//! `#[serde(with = "json_text")]`: JSON of any shape, stored as its text. The table's own numbers have
//! other limits than JSON's, and its values nest less deeply.

use serde::{Deserialize, Deserializer, Serializer};
use serde_json::Value;

/// Writes the text of `value`.
#[allow(clippy::ref_option, reason = "serde gives a reference to the field")]
pub fn serialize<S: Serializer>(value: &Option<Value>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}

/// Reads it. Earlier versions stored the value itself.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Ok(match Option::<Value>::deserialize(deserializer)? {
        Some(Value::String(text)) => {
            Some(serde_json::from_str(&text).unwrap_or(Value::String(text)))
        }
        other => other,
    })
}
