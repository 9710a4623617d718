//! The embedded cloud checks no permissions. The calls that a function makes here are compared
//! with those that its role in the template allows on AWS: none is missing, and none is superfluous.
//!
//! `make lint` compares the roles with the source, which is fast and cannot see which code runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use hookreel_local::aws::Access;
use hookreel_template::{Statement, describe};
use serde_json::Value;
use tests::sent::Sent;
use tests::templates;

use crate::deliveries::faults as deliveries;
use crate::functions::events;
use crate::jobs::{faults, flows::Flow};
use crate::live::faults::Followed;
use crate::projects::faults::Film;

/// Permissions that no call of these tests needs, each with the reason why the role has it.
const UNUSED: [(&str, &str, &str); 12] = [
    ("download", "s3:GetObject", "whoever opens the presigned URL makes the call"),
    ("dispatch", "dynamodb:ConditionCheckItem", "in Store::advance; dispatch releases no step"),
    ("dispatch", "dynamodb:DeleteItem", "closes a provider's circuit"),
    ("dispatch", "sqs:SendMessage", "keeps a job until a provider's circuit closes"),
    ("erase", "dynamodb:DeleteItem", "erases the webhooks that a purged job has received"),
    ("erase", "dynamodb:PutItem", "erases what a purged job's deliveries said"),
    ("ingest", "dynamodb:ConditionCheckItem", "in Store::advance; ingest releases no step"),
    ("ingest", "s3:AbortMultipartUpload", "a large file whose source has gone"),
    ("ingest", "s3:GetObject", "adopts a file that is stored and not saved"),
    ("ingest", "sqs:ChangeMessageVisibility", "of IngestSlowQueue: a slow source that fails"),
    ("ingest", "sqs:SendMessage", "hands a slow source over to IngestSlowQueue"),
    ("reconcile", "sqs:SendMessage", "repeats a message to dispatch or ingest that is lost"),
];

/// What each function's role allows.
static ALLOWED: LazyLock<BTreeMap<String, Vec<Statement>>> = LazyLock::new(|| {
    let functions = describe(&templates::whole()).unwrap().functions;
    functions.into_iter().map(|function| (function.definition.name, function.statements)).collect()
});

/// Whether IAM finds that `text` is like `pattern`, where `*` is any text.
fn is_like(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((beginning, rest)) => text.strip_prefix(beginning).is_some_and(|text| {
            rest.is_empty() || text.char_indices().any(|(at, _)| is_like(rest, &text[at..]))
        }),
    }
}

/// The condition keys of a statement, each with the patterns that a value may have.
fn conditions(statement: &Statement) -> impl Iterator<Item = (&String, Vec<&str>)> {
    let operators = statement.condition.as_object().into_iter().flat_map(|all| all.values());
    let keys = operators.flat_map(|operator| operator.as_object().unwrap());
    keys.map(|(key, patterns)| match patterns {
        Value::Array(all) => (key, all.iter().filter_map(Value::as_str).collect()),
        one => (key, one.as_str().into_iter().collect()),
    })
}

fn allows(statement: &Statement, access: &Access) -> bool {
    let is_named = statement.resources.iter().any(|arn| is_like(arn, &access.resource));
    let fits = |value: &str, patterns: &[&str]| patterns.iter().any(|one| is_like(one, value));
    is_named
        && statement.actions.contains(&access.action)
        && conditions(statement).all(|(key, patterns)| {
            let mut values = access.context.iter().filter(|(name, _)| name == key).peekable();
            values.peek().is_some() && values.all(|(_, value)| fits(value, &patterns))
        })
}

/// Fails if a function has made a call that its role does not allow.
pub fn assert_allowed(sent: &Sent) {
    for record in sent.records() {
        let function = &*record.call.caller;
        let allowed = &ALLOWED[function];
        assert!(!record.accesses.is_empty(), "{record:?} is not understood");
        for access in &record.accesses {
            assert!(
                allowed.iter().any(|statement| allows(statement, access)),
                "{function} does {access:?}; its role in template.yaml allows {allowed:?}"
            );
        }
    }
}

/// The calls of every sample event, and of what no single event leads to.
async fn all_calls() -> Vec<Sent> {
    let mut all: Vec<Sent> = events::outcomes().await.iter().map(|one| one.sent.clone()).collect();
    for flow in [Flow::Plain, Flow::Unannounced, Flow::Redelivered, Flow::Cancelled] {
        all.push(faults::calls(flow).await);
    }
    for film in [Film::Plain, Film::Unannounced, Film::Early, Film::Cancelled, Film::Regenerated] {
        all.push(faults::calls(film).await);
    }
    all.push(deliveries::calls(deliveries::Story::Probed).await);
    all.push(faults::calls(Followed).await);
    all
}

/// Whether one of `used` needs `action` on a resource like `arn`.
fn is_used(used: &BTreeSet<(String, Access)>, function: &str, action: &str, arn: &str) -> bool {
    used.iter().any(|(caller, access)| {
        caller == function && access.action == action && is_like(arn, &access.resource)
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_function_needs_each_permission_that_it_has() {
    let all = all_calls().await;
    let records = all.iter().flat_map(Sent::records);
    let used: BTreeSet<_> = records
        .flat_map(|record| {
            record.accesses.iter().map(|access| (record.call.caller.to_string(), access.clone()))
        })
        .collect();
    let mut unused = BTreeSet::new();
    for (function, statements) in &*ALLOWED {
        for (statement, action) in
            statements.iter().flat_map(|one| one.actions.iter().map(move |action| (one, action)))
        {
            let missing = |arn: &&String| !is_used(&used, function, action, arn);
            let arns = statement.resources.iter().filter(missing);
            unused.extend(arns.map(|arn| (function.as_str(), action.as_str(), arn.as_str())));
        }
    }
    let explained = |(function, action, _): &(&str, &str, &str)| {
        UNUSED.iter().any(|(name, allowed, _)| name == function && allowed == action)
    };
    let unexplained: Vec<_> = unused.iter().filter(|one| !explained(one)).collect();
    assert!(unexplained.is_empty(), "no call needs {unexplained:#?}; take it from the role");
    let needed: Vec<_> = UNUSED
        .iter()
        .filter(|(name, allowed, _)| {
            !unused.iter().any(|(function, action, _)| function == name && action == allowed)
        })
        .collect();
    assert!(needed.is_empty(), "calls do need {needed:#?}; take it from UNUSED");
}

#[test]
fn no_function_writes_api_keys_and_only_those_that_authenticate_read_them() {
    for (function, statements) in &*ALLOWED {
        for action in ["GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem"] {
            let action = format!("dynamodb:{action}");
            let is_allowed = statements.iter().any(|statement| {
                statement.resources.iter().any(|arn| {
                    let key = ("dynamodb:LeadingKeys", "KEY#hash".to_owned());
                    let (action, resource) = (action.clone(), arn.clone());
                    allows(statement, &Access { action, resource, context: vec![key] })
                })
            });
            let authenticates = ["authorizer", "live"].contains(&function.as_str());
            let may = authenticates && action == "dynamodb:GetItem";
            assert_eq!(is_allowed, may, "{function} {action}");
        }
    }
}
