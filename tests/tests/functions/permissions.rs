//! The embedded cloud checks no permissions. The calls that a function makes here are compared
//! with those that its role in the template allows on AWS.
//!
//! `make lint` compares the roles with the source, which is fast and cannot see which code runs.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use hookreel_local::aws::{CallRecord, Service};
use hookreel_template::{Statement, describe};
use tests::sent::Sent;
use tests::templates;

/// What each function's role allows.
static ALLOWED: LazyLock<BTreeMap<String, Vec<Statement>>> = LazyLock::new(|| {
    let functions = describe(&templates::whole()).unwrap().functions;
    functions.into_iter().map(|function| (function.definition.name, function.statements)).collect()
});

/// The beginnings that the partition keys of items must have; any if there are none.
fn beginnings(statement: &Statement) -> Vec<&str> {
    let patterns = &statement.condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
    let patterns = patterns.as_array().map_or_else(|| vec![patterns], |all| all.iter().collect());
    patterns.into_iter().filter_map(|one| one.as_str()?.strip_suffix('*')).collect()
}

fn allows(statement: &Statement, action: &str, partitions: &[String]) -> bool {
    let beginnings = beginnings(statement);
    let matches = |key: &String| beginnings.iter().any(|beginning| key.starts_with(beginning));
    statement.actions.iter().any(|allowed| allowed == action)
        && (beginnings.is_empty() || partitions.iter().all(matches))
}

/// Whether one of the statement's ARNs is that of a table or an index.
fn names(statement: &Statement, table: &str) -> bool {
    statement.resources.iter().any(|arn| arn.ends_with(&format!(":table/{table}")))
}

/// Fails if a function has made a call that its role does not allow.
pub fn assert_allowed(sent: &Sent) {
    for record in sent.records() {
        let function = &*record.call.caller;
        let allowed = &ALLOWED[function];
        if record.call.service == Service::DynamoDb {
            assert!(!record.accesses.is_empty(), "{record:?} is not understood");
            for access in &record.accesses {
                let action = format!("dynamodb:{}", access.action);
                let any = allowed.iter().any(|one| {
                    allows(one, &action, &access.partitions) && names(one, &access.resource)
                });
                assert!(
                    any,
                    "{function} does {access:?}; its role in template.yaml allows {allowed:?}"
                );
            }
            continue;
        }
        let action = action(record, &record.call.operation);
        let any = allowed.iter().any(|one| allows(one, &action, &[]));
        assert!(any, "{function} calls {action}; its role in template.yaml allows {allowed:?}");
    }
}

fn action(record: &CallRecord, operation: &str) -> String {
    match record.call.service {
        Service::Sqs => format!("sqs:{}", operation.trim_end_matches("Batch")),
        Service::S3 if operation.contains("Multipart") && operation.starts_with("Abort") => {
            "s3:AbortMultipartUpload".to_owned()
        }
        Service::S3 if operation == "ListObjectsV2" => "s3:ListBucket".to_owned(),
        Service::S3 if !["GetObject", "DeleteObject"].contains(&operation) => {
            "s3:PutObject".to_owned()
        }
        service => format!("{service}:{operation}"),
    }
}

#[test]
fn no_function_writes_api_keys_and_only_the_authorizer_reads_them() {
    let key = ["KEY#hash".to_owned()];
    for (function, statements) in &*ALLOWED {
        for action in ["GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem"] {
            let action = format!("dynamodb:{action}");
            let is_allowed = statements.iter().any(|one| allows(one, &action, &key));
            let may = function == "authorizer" && action == "dynamodb:GetItem";
            assert_eq!(is_allowed, may, "{function} {action}");
        }
    }
}
