//! The JSON schemas of types that write themselves as text, for the description of the API. The
//! other types of its bodies derive theirs.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::delivery::AnswerBody;
use crate::json_object::JsonObject;
use crate::model::ModelName;
use crate::time::Rfc3339;
use crate::{
    Attempt, EndpointId, InboundId, JobId, MessageId, ModelId, ProjectId, SceneId, TaskId,
};

/// Implements [`JsonSchema`] for types whose schema is written where they are used.
macro_rules! inline_schema {
    ($($type:ident => $schema:tt),* $(,)?) => {
        $(impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        })*
    };
}

inline_schema! {
    Rfc3339 => { "type": "string", "format": "date-time" },
    JsonObject => { "type": "object", "additionalProperties": true },
    Attempt => { "type": "integer", "minimum": 0 },
    EndpointId => { "type": "string" },
    InboundId => { "type": "string" },
    JobId => { "type": "string" },
    MessageId => { "type": "string" },
    ModelId => { "type": "string" },
    ModelName => { "type": "string" },
    ProjectId => { "type": "string" },
    SceneId => { "type": "string" },
    TaskId => { "type": "string" },
    AnswerBody => {
        "type": "object",
        "properties": {
            "text": { "type": "string", "description": "Its start, if it is UTF-8" },
            "base64": { "type": "string", "description": "Its start, if it is not" },
            "truncated": { "type": "boolean", "description": "There was more" },
        },
    },
}
