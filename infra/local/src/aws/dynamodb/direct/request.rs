//! The requests that may be executed directly.

use std::collections::{HashMap, HashSet};

use dynoxide::validation::validate_nesting_depth;
use dynoxide::{AttributeValue, Item};
use serde::Deserialize;

use super::condition::Operand;

/// Longest request that is executed directly: far below DynamoDB's limits on items and values.
const MAX_BYTES: usize = 256 * 1024;

/// A request to put or update one item. One with other members is not supported.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Request {
    pub table_name: String,
    pub item: Option<Item>,
    pub key: Option<Item>,
    pub update_expression: Option<String>,
    pub condition_expression: Option<String>,
    pub expression_attribute_names: Option<HashMap<String, String>>,
    pub expression_attribute_values: Option<Item>,
    pub return_values: Option<String>,
    pub return_values_on_condition_check_failure: Option<String>,
}

/// The values of a request's placeholders.
#[derive(Debug, Default)]
pub(super) struct Bindings {
    pub names: HashMap<String, String>,
    pub values: Item,
}

impl Request {
    /// Parses a request of that kind.
    pub fn read(operation: &str, body: &[u8]) -> Option<Self> {
        if body.len() > MAX_BYTES {
            return None;
        }
        let is_put = match operation {
            "PutItem" => true,
            "UpdateItem" => false,
            _ => return None,
        };
        let request: Self = serde_json::from_slice(body).ok()?;
        let fits = request.item.is_some() == is_put
            && request.key.is_none() == is_put
            && request.update_expression.is_none() == is_put;
        fits.then_some(request)
    }
}

impl Bindings {
    /// The attribute that `name` refers to.
    pub fn name<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        if name.starts_with('#') { self.names.get(name).map(String::as_str) } else { Some(name) }
    }

    /// Whether the placeholders of `operands` are bound and no others, as DynamoDB requires.
    pub fn match_exactly(&self, operands: &[Operand]) -> bool {
        let (mut names, mut values) = (HashSet::new(), HashSet::new());
        for operand in operands {
            match operand {
                Operand::Name(name) if name.starts_with('#') => names.insert(name.as_str()),
                Operand::Name(_) => continue,
                Operand::Value(value) => values.insert(value.as_str()),
            };
        }
        names.len() == self.names.len()
            && values.len() == self.values.len()
            && names.iter().all(|name| self.names.contains_key(*name))
            && values.iter().all(|value| self.values.contains_key(*value))
            && is_plain(&self.values)
    }
}

/// Whether DynamoDB accepts everything in `item` in any place: strings, plain numbers, booleans and
/// null, or lists and maps of them. Sets and binaries have rules of their own.
pub(super) fn is_plain(item: &Item) -> bool {
    item.iter().all(|(name, value)| !name.is_empty() && is_plain_value(value))
        && item.values().all(|value| validate_nesting_depth(value).is_ok())
}

fn is_plain_value(value: &AttributeValue) -> bool {
    match value {
        AttributeValue::S(_) | AttributeValue::BOOL(_) => true,
        AttributeValue::N(number) => is_plain_number(number),
        AttributeValue::NULL(is_null) => *is_null,
        AttributeValue::L(list) => list.iter().all(is_plain_value),
        AttributeValue::M(map) => {
            map.iter().all(|(name, value)| !name.is_empty() && is_plain_value(value))
        }
        AttributeValue::B(_)
        | AttributeValue::SS(_)
        | AttributeValue::NS(_)
        | AttributeValue::BS(_) => false,
    }
}

/// Whether `text` is a short decimal number without an exponent.
fn is_plain_number(text: &str) -> bool {
    let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    text.len() <= 30 && are_digits(whole) && are_digits(fraction)
}
