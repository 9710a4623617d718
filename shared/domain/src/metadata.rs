//! Metadata that a client attaches to a job or project and gets back unchanged.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{InvalidField, limits};

/// A small JSON object, which is returned but never read. It is stored as text, which preserves
/// its numbers and the order of its members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metadata(String);

impl Metadata {
    /// Checks the size of `object`.
    pub fn new(object: &Map<String, Value>) -> Result<Self, InvalidField> {
        let text = serde_json::to_string(object)
            .map_err(|error| InvalidField::new("metadata", error.to_string()))?;
        if text.len() > limits::METADATA_BYTES {
            let limit = limits::METADATA_BYTES;
            let message = format!("must be at most {limit} bytes of JSON, is {}", text.len());
            return Err(InvalidField::new("metadata", message));
        }
        Ok(Self(text))
    }

    /// The object, for a response.
    #[must_use]
    pub fn to_json(&self) -> Value {
        serde_json::from_str(&self.0).unwrap_or_default()
    }
}
