//! The embedded cloud lets every function do everything. So that none finds out on AWS, what
//! each calls here is compared with what its role allows in the template.

use std::collections::BTreeSet;

use hookreel_local::aws::{CallRecord, Service};
use serde_yaml_ng::Value;
use tests::sent::Sent;
use tests::templates;

/// Fails if a function has made a call that its role does not allow.
pub fn assert_allowed(sent: &Sent) {
    for record in sent.records() {
        let function = &*record.call.caller;
        let (actions, allowed) = (actions(record), allowed(function));
        assert!(
            actions.iter().any(|action| allowed.contains(action)),
            "{function} calls {actions:?}, and its role in template.yaml allows {allowed:?}"
        );
    }
}

/// What IAM calls that call; of a transaction, what it calls the writes that one may hold.
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
        Service::S3 if operation != "GetObject" => "s3:PutObject".to_owned(),
        service => format!("{service}:{operation}"),
    }
}

/// What the role of `function` allows, by the template.
pub fn allowed(function: &str) -> BTreeSet<String> {
    let yaml = templates::yaml();
    let resource = &yaml["Resources"][templates::logical_id(function)];
    let policies = resource["Properties"]["Policies"].as_sequence().into_iter().flatten();
    let statements = policies.filter_map(|policy| policy["Statement"].as_sequence()).flatten();
    statements
        .filter_map(|statement| statement["Action"].as_sequence())
        .flatten()
        .filter_map(text)
        .collect()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}
