//! The MD5 sums by which senders and receivers verify a message.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use super::error::SqsError;

/// A named value beside a message's body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MessageAttribute {
    /// `String`, `Number` or `Binary`, with an optional suffix after a dot.
    pub data_type: String,
    /// The value of a string or number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub string_value: Option<String>,
    /// The value of a binary, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary_value: Option<String>,
}

/// The attributes of a message by name, in the order of their sum.
pub type MessageAttributes = BTreeMap<String, MessageAttribute>;

/// The sum of a body, in hex.
pub(super) fn of_body(body: &str) -> String {
    hex::encode(Md5::digest(body))
}

/// The sum of the attributes, in hex: of each, the length-prefixed name and type, one byte for
/// the kind of value, and the length-prefixed value.
pub(super) fn of_attributes(attributes: &MessageAttributes) -> Result<String, SqsError> {
    let mut hash = Md5::new();
    for (name, attribute) in attributes {
        update(&mut hash, name.as_bytes());
        update(&mut hash, attribute.data_type.as_bytes());
        let (kind, value) = attribute.value(name)?;
        hash.update([kind]);
        update(&mut hash, &value);
    }
    Ok(hex::encode(hash.finalize()))
}

/// How many bytes the attributes count towards the size of their message.
pub(super) fn size_of(attributes: &MessageAttributes) -> Result<usize, SqsError> {
    attributes.iter().try_fold(0, |size, (name, attribute)| {
        let (_, value) = attribute.value(name)?;
        Ok(size + name.len() + attribute.data_type.len() + value.len())
    })
}

impl MessageAttribute {
    /// Its value as bytes, and the byte for its type.
    fn value(&self, name: &str) -> Result<(u8, Vec<u8>), SqsError> {
        let kind = self.data_type.split('.').next().unwrap_or_default();
        let value = match (kind, &self.string_value, &self.binary_value) {
            ("String" | "Number", Some(text), _) => Some((1, text.clone().into_bytes())),
            ("Binary", _, Some(encoded)) => STANDARD.decode(encoded).ok().map(|bytes| (2, bytes)),
            _ => None,
        };
        value.ok_or_else(|| {
            SqsError::InvalidParameterValue(format!(
                "The message attribute '{name}' must have a type and a value that fits it."
            ))
        })
    }
}

fn update(hash: &mut Md5, bytes: &[u8]) {
    hash.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    hash.update(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_equal_those_of_sqs() {
        // The MD5 of the documented byte layout, computed in Python.
        let attribute = MessageAttribute {
            data_type: "String".to_owned(),
            string_value: Some("value".to_owned()),
            binary_value: None,
        };
        let attributes = MessageAttributes::from([("name".to_owned(), attribute)]);
        assert_eq!(of_body("hello"), "5d41402abc4b2a76b9719d911017c592");
        assert_eq!(of_attributes(&attributes).unwrap(), "25ada41cad9d6e55ad5a2b3d2da508a2");
        assert_eq!(size_of(&attributes).unwrap(), 4 + 6 + 5);
    }
}
