//! Conversion between items and domain types.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Result;
use crate::keys::{Attributes, ENTITY};

pub(crate) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(crate) fn number(number: impl Into<i64>) -> AttributeValue {
    AttributeValue::N(number.into().to_string())
}

pub(crate) fn time(time: Timestamp) -> AttributeValue {
    number(time.as_millis())
}

/// A time for DynamoDB's time to live, whose unit is the second.
pub(crate) fn expiry(time: Timestamp) -> AttributeValue {
    number(time.as_seconds())
}

/// `value` as one attribute.
pub(crate) fn attribute(value: &impl Serialize) -> Result<AttributeValue> {
    Ok(serde_dynamo::aws_sdk_dynamodb_1::to_attribute_value(value)?)
}

/// `value` as an item of the entity `entity` with the key `key`.
pub(crate) fn item(key: Attributes, entity: &str, value: &impl Serialize) -> Result<Attributes> {
    let mut item: Attributes = serde_dynamo::aws_sdk_dynamodb_1::to_item(value)?;
    item.extend(key);
    item.insert(ENTITY.to_owned(), text(entity));
    Ok(item)
}

/// The value in an item. Its keys are ignored.
pub(crate) fn read<T: DeserializeOwned>(item: Attributes) -> Result<T> {
    Ok(serde_dynamo::aws_sdk_dynamodb_1::from_item(item)?)
}
