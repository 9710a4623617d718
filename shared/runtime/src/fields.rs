//! The members of a JSON body, read one by one, so that an error names its field.

use domain::InvalidField;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::Problem;

/// A JSON object sent by a client. Members that are not read are ignored.
#[derive(Debug)]
pub struct Fields(Map<String, Value>);

impl From<Map<String, Value>> for Fields {
    /// Reads a nested object.
    fn from(members: Map<String, Value>) -> Self {
        Self(members)
    }
}

impl Fields {
    /// Reads `body`, which must be a JSON object.
    pub fn parse(body: &[u8]) -> Result<Self, Problem> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            Ok(_) => Err(invalid_json("The body must be a JSON object.".to_owned())),
            Err(error) => Err(invalid_json(format!("The body is not valid JSON: {error}."))),
        }
    }

    /// The string in `name`; an error if it is absent or null.
    pub fn required_text(&mut self, name: &str) -> Result<String, InvalidField> {
        self.optional_text(name)?.ok_or_else(|| InvalidField::new(name, "is required"))
    }

    /// The string in `name`; null counts as absent.
    pub fn optional_text(&mut self, name: &str) -> Result<Option<String>, InvalidField> {
        self.optional(name, "must be a string")
    }

    /// The object in `name`; null counts as absent.
    pub fn optional_object(
        &mut self,
        name: &str,
    ) -> Result<Option<Map<String, Value>>, InvalidField> {
        self.optional(name, "must be a JSON object")
    }

    /// The value of `name` as a `T`; null counts as absent. `must` is the message if it is none.
    pub fn optional<T: DeserializeOwned>(
        &mut self,
        name: &str,
        must: &str,
    ) -> Result<Option<T>, InvalidField> {
        Ok(self.nullable(name, must)?.flatten())
    }

    /// The same where an explicit null, `Some(None)`, differs from an absent member.
    pub fn nullable<T: DeserializeOwned>(
        &mut self,
        name: &str,
        must: &str,
    ) -> Result<Option<Option<T>>, InvalidField> {
        let value = self.0.remove(name).map(with_whole_numbers);
        value.map(serde_json::from_value).transpose().map_err(|_| InvalidField::new(name, must))
    }
}

/// `value` with whole floats as integers, in lists too: JSON Schema counts 6.0 as the integer 6,
/// and some clients write only floats. Members of objects stay as they are.
fn with_whole_numbers(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(with_whole_numbers).collect(),
        Value::Number(number) if number.is_f64() => {
            let text = number.to_string();
            let whole = text.strip_suffix(".0").and_then(|digits| digits.parse::<i64>().ok());
            whole.map_or(Value::Number(number), Value::from)
        }
        other => other,
    }
}

fn invalid_json(detail: String) -> Problem {
    Problem::bad_request("invalid_json", detail)
}
