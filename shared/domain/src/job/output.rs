//! A job's files in our bucket.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use serde_with_macros::skip_serializing_none;

/// A file that its provider announced and that could not be had.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MissingOutput {
    /// What it would be called.
    pub name: String,
    /// Its place among the outputs of its sort, where there are several.
    pub index: Option<u32>,
    /// Why it is missing, as a sentence.
    pub reason: String,
}

/// A file in our bucket.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Its name, unique within the job, which `?output=` asks for.
    pub name: String,
    /// Its place among the outputs of its sort, where there are several.
    pub index: Option<u32>,
    /// Its key in the bucket.
    pub key: String,
    /// Its media type, read off its first bytes.
    pub content_type: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
    /// How long it plays, in milliseconds, where its header says so.
    pub duration_ms: Option<u64>,
    /// What else its provider says of it, such as a clip's score.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub attributes: Map<String, Value>,
}
