//! Metadata that a client attaches to a job or project and gets back unchanged.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::{InvalidField, limits};

/// A small JSON object, which is returned but never read. It is stored as the text that was sent,
/// which preserves its numbers and the order of its members, without the blanks between them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metadata(String);

impl Metadata {
    /// Checks `json`, the member `metadata` as it was sent.
    pub fn new(json: &RawValue) -> Result<Self, InvalidField> {
        if !json.get().starts_with('{') {
            return Err(InvalidField::new("metadata", "must be a JSON object"));
        }
        let text = compact(json.get());
        if text.len() > limits::METADATA_BYTES {
            let limit = limits::METADATA_BYTES;
            let message = format!("must be at most {limit} bytes of JSON, is {}", text.len());
            return Err(InvalidField::new("metadata", message));
        }
        Ok(Self(text))
    }
}

/// `#[serde(serialize_with = "metadata::as_json")]`: the object itself, or null.
#[allow(clippy::ref_option, reason = "serde gives a reference to the field")]
pub(crate) fn as_json<S: Serializer>(
    metadata: &Option<Metadata>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let json =
        metadata.as_ref().and_then(|Metadata(text)| RawValue::from_string(text.clone()).ok());
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
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_blanks_between_members_are_dropped() {
        let sent = "{ \"b\" : 18446744073709551617,\n\t\"a\\\" \\\\\": [ 1.0, \" x \\n \" ] }";
        let json: &RawValue = serde_json::from_str(sent).unwrap();
        let kept = Metadata::new(json).unwrap();
        assert_eq!(kept.0, "{\"b\":18446744073709551617,\"a\\\" \\\\\":[1.0,\" x \\n \"]}");
        for other in ["[1]", "\"text\"", "7"] {
            assert!(Metadata::new(serde_json::from_str(other).unwrap()).is_err(), "{other}");
        }
    }
}
