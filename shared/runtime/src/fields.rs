//! The members of a JSON body, read one by one, so that an error names its field.

use std::collections::HashMap;

use domain::InvalidField;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::{Problem, ProblemCode};

/// UTF-8's byte order mark, with which some clients begin.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// How many letters may differ for a name to be meant by another.
const NEAR: usize = 3;

/// A JSON object sent by a client. Whoever has read its members calls [`finish`](Self::finish),
/// which refuses one that nobody reads: a misspelt setting must not look as if it had worked.
#[derive(Debug)]
pub struct Fields<'a> {
    members: Map<String, Value>,
    /// The whole body; empty for a nested object.
    body: &'a [u8],
    /// The names that were asked for.
    known: Vec<String>,
    /// Whether members that nobody reads are passed over.
    is_lenient: bool,
}

impl From<Map<String, Value>> for Fields<'_> {
    /// Reads a nested object.
    fn from(members: Map<String, Value>) -> Self {
        Self { members, body: &[], known: Vec::new(), is_lenient: false }
    }
}

impl<'a> Fields<'a> {
    /// Reads `body`, which must be a JSON object.
    pub fn parse(body: &'a [u8]) -> Result<Self, Problem> {
        let body = without_mark(body);
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => {
                Ok(Self { members, body, known: Vec::new(), is_lenient: false })
            }
            Ok(_) => Err(invalid_json("The body must be a JSON object.".to_owned())),
            Err(error) => Err(invalid_json(format!("The body is not valid JSON: {error}."))),
        }
    }

    /// Passes over members that nobody reads, for a client whose requests were made for another API.
    pub const fn pass_over_unknown(&mut self) {
        self.is_lenient = true;
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

    /// The JSON in `name` as it was sent; null counts as absent.
    pub fn optional_raw(&mut self, name: &str) -> Result<Option<Box<RawValue>>, InvalidField> {
        let value: Option<Value> = self.optional(name, "must be JSON")?;
        let all =
            value.map(|_| serde_json::from_slice::<HashMap<String, Box<RawValue>>>(self.body));
        let all = all.transpose().map_err(|_| InvalidField::new(name, "must be JSON"))?;
        Ok(all.and_then(|mut all| all.remove(name)))
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
        self.known.push(name.to_owned());
        let value = self.members.remove(name).map(with_whole_numbers);
        value.map(serde_json::from_value).transpose().map_err(|_| InvalidField::new(name, must))
    }

    /// Refuses a member that was not asked for, and names the one that may be meant.
    pub fn finish(&self) -> Result<(), InvalidField> {
        let unread = self.members.keys().next().filter(|_| !self.is_lenient);
        let Some(name) = unread else { return Ok(()) };
        let plain = |name: &str| name.replace(['_', '-'], "").to_lowercase();
        let distance = |known: &&String| strsim::levenshtein(&plain(known), &plain(name));
        let nearest = self.known.iter().min_by_key(distance);
        let message = match nearest.filter(|nearest| distance(nearest) <= NEAR) {
            Some(nearest) => format!("is unknown here; did you mean {nearest}?"),
            None => format!("is unknown here; known are {}", self.known.join(", ")),
        };
        Err(InvalidField::new(name, message))
    }
}

/// `body` without a byte order mark at its beginning (RFC 8259, 8.1).
pub(crate) fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body)
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
    Problem::bad_request(ProblemCode::InvalidJson, detail)
}
