//! The embedded cloud checks no permissions. The calls that a function makes here are compared
//! with those that its role in the template allows on AWS.
//!
//! `make lint` compares the roles with the source, which is fast and cannot see which code runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use hookreel_local::aws::{CallRecord, Service};
use hookreel_template::{Function, describe};
use tests::sent::Sent;
use tests::templates;

/// The actions that each function's role allows.
static ALLOWED: LazyLock<BTreeMap<String, BTreeSet<String>>> = LazyLock::new(|| {
    let functions = describe(&templates::whole()).unwrap().functions;
    functions.into_iter().map(role).collect()
});

fn role(function: Function) -> (String, BTreeSet<String>) {
    let actions = function.statements.into_iter().flat_map(|statement| statement.actions);
    (function.definition.name, actions.collect())
}

/// Fails if a function has made a call that its role does not allow.
pub fn assert_allowed(sent: &Sent) {
    for record in sent.records() {
        let function = &*record.call.caller;
        let (actions, allowed) = (actions(record), &ALLOWED[function]);
        assert!(
            actions.iter().any(|action| allowed.contains(action)),
            "{function} calls {actions:?}, and its role in template.yaml allows {allowed:?}"
        );
    }
}

/// The actions of which IAM asks one for this call: of a transaction, those of its writes.
fn actions(record: &CallRecord) -> Vec<String> {
    let operation = record.call.operation.as_str();
    if operation == "TransactWriteItems" {
        return ["PutItem", "UpdateItem"].map(|write| format!("dynamodb:{write}")).to_vec();
    }
    vec![action(record, operation)]
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
