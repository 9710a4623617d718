//! Maps an operation's name and JSON body to `dynoxide`'s typed call and back. `dynoxide` does the
//! same inside its own server, which is private.

use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::super::json::JsonAnswer;
use super::naming;

/// Prefixes by which `dynoxide`'s deserialisers say which error a refused value gets.
const VALIDATION: [&str; 3] = ["VALIDATION_REQUEST:", "VALIDATION_AS_READ:", "VALIDATION:"];
const SERIALIZATION: [&str; 2] = ["SERIALIZATION_AS_READ:", "SERIALIZATION:"];

/// Whether the operation may change a table.
pub(super) fn writes(operation: &str) -> bool {
    const READS: [&str; 7] =
        ["Get", "BatchGet", "TransactGet", "Query", "Scan", "Describe", "List"];
    !READS.iter().any(|read| operation.starts_with(read))
}

/// Whether the operation may change the definition of a table.
pub(super) fn defines(operation: &str) -> bool {
    matches!(operation, "CreateTable" | "UpdateTable" | "DeleteTable" | "UpdateTimeToLive")
}

/// Answers a request.
pub(super) fn answer(database: &Database, operation: &str, body: &[u8]) -> JsonAnswer {
    match call(database, operation, &naming::inward(operation, body)) {
        Ok(answer) => JsonAnswer::ok(naming::outward(operation, answer)),
        Err(error) => {
            if error.status_code() >= 500 {
                tracing::error!(
                    operation,
                    error = &error as &dyn std::error::Error,
                    "dynamodb failed"
                );
            }
            refusal(&error)
        }
    }
}

/// The answer that tells a client of `error`.
pub(super) fn refusal(error: &DynoxideError) -> JsonAnswer {
    let (status, body) = (error.status_code(), error.to_json().into_bytes());
    JsonAnswer { status, body, query_error: None }
}

/// Calls the method for an operation.
macro_rules! operations {
    ($database:ident, $operation:ident, $body:ident, { $($name:literal => $method:ident,)* }) => {
        match $operation {
            $($name => write(&$database.$method(read($body)?)?),)*
            _ => Err(DynoxideError::UnsupportedCapability($operation.to_owned())),
        }
    };
}

fn call(database: &Database, operation: &str, body: &[u8]) -> Result<Vec<u8>, DynoxideError> {
    operations!(database, operation, body, {
        "PutItem" => put_item,
        "UpdateItem" => update_item,
        "DeleteItem" => delete_item,
        "GetItem" => get_item,
        "Query" => query,
        "TransactWriteItems" => transact_write_items,
        "TransactGetItems" => transact_get_items,
        "BatchWriteItem" => batch_write_item,
        "BatchGetItem" => batch_get_item,
        "Scan" => scan,
        "CreateTable" => create_table,
        "DeleteTable" => delete_table,
        "DescribeTable" => describe_table,
        "UpdateTable" => update_table,
        "ListTables" => list_tables,
        "UpdateTimeToLive" => update_time_to_live,
        "DescribeTimeToLive" => describe_time_to_live,
        "ExecuteStatement" => execute_statement,
        "ExecuteTransaction" => execute_transaction,
        "BatchExecuteStatement" => batch_execute_statement,
        "TagResource" => tag_resource,
        "UntagResource" => untag_resource,
        "ListTagsOfResource" => list_tags_of_resource,
        "ListStreams" => list_streams,
        "DescribeStream" => describe_stream,
        "GetShardIterator" => get_shard_iterator,
        "GetRecords" => get_records,
    })
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, DynoxideError> {
    serde_json::from_slice(body).map_err(|error| parse_error(&error))
}

fn write<T: Serialize>(response: &T) -> Result<Vec<u8>, DynoxideError> {
    serde_json::to_vec(response)
        .map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

/// DynamoDB's error for a body that cannot be parsed: a wrong JSON type is a serialisation error, a
/// value that is missing or out of bounds a validation error.
fn parse_error(error: &serde_json::Error) -> DynoxideError {
    let text = error.to_string();
    let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
    let without = |prefixes: &[&str]| {
        prefixes.iter().find_map(|prefix| message.strip_prefix(prefix)).map(str::to_owned)
    };
    if let Some(message) = without(&VALIDATION) {
        return DynoxideError::ValidationException(message);
    }
    if let Some(message) = without(&SERIALIZATION) {
        return DynoxideError::SerializationException(message);
    }
    let invalid = ["missing field", "unknown variant", "invalid type: null", "AttributeValue"];
    if invalid.iter().any(|text| message.contains(text)) {
        DynoxideError::ValidationException(message.to_owned())
    } else {
        DynoxideError::SerializationException(message.to_owned())
    }
}
