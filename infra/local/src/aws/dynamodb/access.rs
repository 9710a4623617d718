//! What a request does to tables, as IAM is asked about it. Nothing is refused here: tests compare it
//! with the roles in the template.

use serde_json::Value;

use super::super::calls::Access;
use super::super::identity::table_arn;

/// The condition key with the partition keys of a request.
const LEADING_KEYS: &str = "dynamodb:LeadingKeys";

/// What IAM is asked about a request: for a transaction, about each of its members.
pub(in super::super) fn accesses(operation: &str, body: &[u8]) -> Vec<Access> {
    let Ok(request) = serde_json::from_slice::<Value>(body) else { return Vec::new() };
    match request["TransactItems"].as_array() {
        Some(members) => members.iter().flat_map(members_of).collect(),
        None => vec![access(operation, &request)],
    }
}

/// A member is called `Put`, `Update`, `Delete`, `ConditionCheck` or `Get`.
fn members_of(item: &Value) -> impl Iterator<Item = Access> {
    let members = item.as_object().into_iter().flatten();
    let given = members.filter(|(_, request)| !request.is_null());
    given.map(|(kind, request)| access(&format!("{kind}Item"), request))
}

fn access(action: &str, request: &Value) -> Access {
    let batch = request["RequestItems"].as_object().and_then(|tables| tables.keys().next());
    let table = request["TableName"].as_str().or(batch.map(String::as_str)).unwrap_or_default();
    let resource = match request["IndexName"].as_str() {
        Some(index) => format!("{}/index/{index}", table_arn(table)),
        None => table_arn(table),
    };
    let context = partitions(request).into_iter().map(|key| (LEADING_KEYS, key)).collect();
    Access { action: format!("dynamodb:{action}"), resource, context }
}

/// The partition keys that a request names: of its items and keys, or in its key condition, whose
/// first value they are.
fn partitions(request: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let condition = request["KeyConditionExpression"].as_str().unwrap_or_default();
    if let Some(name) = condition.split_whitespace().find(|word| word.starts_with(':')) {
        found.extend(request["ExpressionAttributeValues"][name]["S"].as_str().map(str::to_owned));
    } else {
        collect(request, &mut found);
    }
    found
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            let key = members.get("PK").and_then(|key| key["S"].as_str());
            found.extend(key.map(str::to_owned));
            members.values().for_each(|member| collect(member, found));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}
