//! The members of a JSON body, read one by one, so that an error names the one at fault.

use domain::InvalidField;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::Problem;

/// A JSON object sent by a client. Members that nobody asks for are passed over.
#[derive(Debug)]
pub struct Fields(Map<String, Value>);

impl From<Map<String, Value>> for Fields {
    /// Reads an object that lies in another.
    fn from(members: Map<String, Value>) -> Self {
        Self(members)
    }
}

impl Fields {
    /// Reads `body`, which must be a JSON object.
    pub fn parse(body: &[u8]) -> Result<Self, Problem> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            Ok(_) => Err(not_json("it must be a JSON object")),
            Err(error) => Err(not_json(&error.to_string())),
        }
    }

    /// The text in `name`, which must be there.
    pub fn required_text(&mut self, name: &str) -> Result<String, InvalidField> {
        self.optional_text(name)?.ok_or_else(|| InvalidField::new(name, "is required"))
    }

    /// The text in `name`; null counts as absent.
    pub fn optional_text(&mut self, name: &str) -> Result<Option<String>, InvalidField> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(InvalidField::new(name, "must be text")),
        }
    }

    /// The object in `name`; null counts as absent.
    pub fn optional_object(
        &mut self,
        name: &str,
    ) -> Result<Option<Map<String, Value>>, InvalidField> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(members)) => Ok(Some(members)),
            Some(_) => Err(InvalidField::new(name, "must be a JSON object")),
        }
    }

    /// What `name` holds, read as a `T`; null counts as absent. `must` says what it must be.
    pub fn optional<T: DeserializeOwned>(
        &mut self,
        name: &str,
        must: &str,
    ) -> Result<Option<T>, InvalidField> {
        Ok(self.nullable(name, must)?.flatten())
    }

    /// The same where null says something else than nothing: `Some(None)`.
    pub fn nullable<T: DeserializeOwned>(
        &mut self,
        name: &str,
        must: &str,
    ) -> Result<Option<Option<T>>, InvalidField> {
        let value = self.0.remove(name).map(with_whole_numbers);
        value.map(serde_json::from_value).transpose().map_err(|_| InvalidField::new(name, must))
    }
}

/// `value`, or what it lists, with 6.0 as 6: both are the same integer to JSON Schema, and some
/// clients know no other way to write one. What lies in objects is not read here.
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

fn not_json(reason: &str) -> Problem {
    Problem::bad_request("invalid_json", format!("The body is not usable: {reason}."))
}
