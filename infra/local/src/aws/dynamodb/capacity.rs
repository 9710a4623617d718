//! The cost of a call in DynamoDB's capacity units.

use serde_json::{Value, json};

use super::super::json::JsonAnswer;

/// Units that a call consumed, by the table and its indexes; a transaction's count double.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(in super::super) struct Units {
    /// Write units of 1 KB.
    pub write: f64,
    /// Read units of 4 KB; half for a read that need not be consistent.
    pub read: f64,
}

/// The request, with `ReturnConsumedCapacity` set; unchanged if it cannot be parsed.
pub(in super::super) fn ask_for_units(body: &[u8]) -> Vec<u8> {
    let Ok(mut request) = serde_json::from_slice::<Value>(body) else { return body.to_vec() };
    let Some(fields) = request.as_object_mut() else { return body.to_vec() };
    fields.entry("ReturnConsumedCapacity").or_insert_with(|| json!("TOTAL"));
    request.to_string().into_bytes()
}

impl Units {
    /// What the operation consumed, by its answer. DynamoDB charges a write whose condition failed,
    /// but its answer does not give the units: one per KB of each item that it read. An item that
    /// the answer does not return counts as one of up to 1 KB.
    pub fn of(operation: &str, answer: &JsonAnswer) -> Self {
        let is_write = match operation {
            "PutItem" | "UpdateItem" | "DeleteItem" | "TransactWriteItems" | "BatchWriteItem" => {
                true
            }
            "GetItem" | "Query" | "Scan" | "BatchGetItem" | "TransactGetItems" => false,
            _ => return Self::default(),
        };
        let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else {
            return Self::default();
        };
        let units = if answer.status == 200 {
            consumed(&body["ConsumedCapacity"])
        } else if is_write {
            condition_failed(&body)
        } else {
            0.0
        };
        let (write, read) = if is_write { (units, 0.0) } else { (0.0, units) };
        Self { write, read }
    }
}

/// The units of one table, or the sum over several.
fn consumed(capacity: &Value) -> f64 {
    match capacity {
        Value::Array(tables) => tables.iter().map(consumed).sum(),
        table => table["CapacityUnits"].as_f64().unwrap_or(0.0),
    }
}

/// The cost of a write whose condition failed.
fn condition_failed(error: &Value) -> f64 {
    let kind = error["__type"].as_str().unwrap_or_default();
    if kind.ends_with("ConditionalCheckFailedException") {
        return kilobytes(&error["Item"]);
    }
    let reasons = error["CancellationReasons"].as_array();
    reasons.into_iter().flatten().map(|reason| 2.0 * kilobytes(&reason["Item"])).sum()
}

/// The size of an item in whole KB, at least one. JSON text is somewhat longer than what DynamoDB
/// counts.
fn kilobytes(item: &Value) -> f64 {
    let bytes = if item.is_null() { 0 } else { item.to_string().len() };
    f64::from(u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX).max(1))
}
