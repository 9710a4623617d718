//! Every file in `events/` is handed to its function, and everything that comes of it is
//! compared with a snapshot: the answer, the AWS calls, the messages, the jobs changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::{Job, JobId};
use futures::{StreamExt, stream};
use serde_json::{Map, Value, json};
use tests::samples::{cases, files, readable, redacted, stem};
use tests::sent::Sent;
use tests::{Webhook, World, samples, seed, seed_projects, templates};
use tokio::sync::OnceCell;

use crate::functions::permissions;

/// How many clouds run at one time; most of the wait is for the disk.
const AT_ONCE: usize = 6;
/// The headers of a webhook that say the same at every run.
const WEBHOOK_HEADERS: [&str; 7] = [
    "content-type",
    "user-agent",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "x-webhook-signature",
    "x-webhook-timestamp",
];

/// What has come of one event.
pub struct Outcome {
    name: String,
    /// What its snapshot holds.
    shown: Value,
    /// The calls.
    pub sent: Sent,
}

/// What has come of every event. They are handed over once for all tests.
pub async fn outcomes() -> &'static [Outcome] {
    static OUTCOMES: OnceCell<Vec<Outcome>> = OnceCell::const_new();
    let run = async || {
        let outcomes = stream::iter(cases())
            .map(|(function, case)| tokio::spawn(async move { outcome(&function, &case).await }))
            .buffered(AT_ONCE);
        outcomes.map(Result::unwrap).collect().await
    };
    OUTCOMES.get_or_init(run).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_has_the_outcome_that_was_agreed_on() {
    let mut differing = Vec::new();
    for Outcome { name, shown, sent } in outcomes().await {
        // All of them are looked at before the test fails.
        let compared = std::panic::catch_unwind(|| {
            permissions::assert_allowed(sent);
            compare(name, shown);
        });
        if compared.is_err() {
            differing.push(name);
        }
    }
    assert!(differing.is_empty(), "these events came out differently: {differing:#?}");
}

fn compare(name: &str, outcome: &Value) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path("../snapshots");
    settings.bind(|| insta::assert_json_snapshot!(name, outcome));
}

#[test]
fn no_snapshot_is_left_of_an_event_that_is_gone() {
    let event = |(function, case): (String, PathBuf)| format!("{function}__{}", stem(&case));
    let events: Vec<_> = cases().into_iter().map(event).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    let left: Vec<_> = files(&folder, "snap").iter().map(|file| stem(file)).collect();
    let left: Vec<_> = left.iter().filter(|name| !events.contains(name)).collect();
    assert!(left.is_empty(), "remove these snapshots, their events are gone: {left:?}");
}

/// Everything that comes of one event, with what differs from run to run replaced.
async fn outcome(function: &str, case: &Path) -> Outcome {
    let world = samples::world().await;
    let jobs = seed::sample_jobs(world.provider.url());
    let states = seed_projects::states(&world).await;
    let event = samples::event(case, &world);
    let are_several = event["Records"].as_array().is_some_and(|records| records.len() > 1);
    Sent::begin(&world);
    let answer = world.cloud.invoke(function, event).await;
    let sent = Sent::so_far(&world);
    let mut calls = sent.operations();
    if are_several {
        // They are worked through at the same time.
        calls.sort();
    }
    let shown = json!({
        "answer": answer.map_or_else(|error| json!(error.to_string()), readable),
        "calls": calls,
        "jobs": changes(&world, &jobs).await,
        "projects": project_changes(&world, &states).await,
        "messages": messages(&world).await,
        "webhooks": world.receiver.webhooks().iter().map(shown).collect::<Vec<_>>(),
        "runs": world.provider.runs(),
        "cancelled": world.provider.cancelled(),
        "confirmations": world.provider.confirmations(),
    });
    let name = format!("{function}__{}", stem(case));
    Outcome { name, shown: redacted(without_empty(shown), &world), sent }
}

/// A webhook by its body and those of its headers that do not change.
fn shown(webhook: &Webhook) -> Value {
    let headers = WEBHOOK_HEADERS.map(|name| (name.to_owned(), json!(webhook.header(name))));
    json!({ "headers": Map::from_iter(headers), "body": webhook.json() })
}

/// The jobs that are no longer as they were, each with its state before and after.
async fn changes(world: &World, before: &[Job]) -> Value {
    let mut changes = Map::new();
    for old in before {
        let new = world.store().job(&old.id).await.unwrap().unwrap();
        let mark = |job: &Job| (job.cancel_requested_at.is_some(), job.reported_at.is_some());
        if (new.state, new.attempt, mark(&new)) != (old.state, old.attempt, mark(old)) {
            let (asked, reported) = mark(&new);
            let mut line =
                format!("{} → {}, attempt {}", old.state.as_str(), new.state.as_str(), new.attempt);
            line += if asked { ", cancel requested" } else { "" };
            line += if reported { ", end reported" } else { "" };
            changes.insert(old.id.to_string(), json!(line));
        }
    }
    for name in ["job_nowhere", "test_123", "job_sample"] {
        let id: JobId = name.parse().unwrap();
        assert!(world.store().job(&id).await.unwrap().is_none(), "{name} came to be");
    }
    changes.into()
}

/// The projects and their steps that are no longer as they were, and the steps that are new.
async fn project_changes(world: &World, before: &BTreeMap<String, String>) -> Value {
    let changed = |(name, state): (String, String)| match before.get(&name) {
        Some(old) if *old == state => None,
        Some(old) => Some((name, json!(format!("{old} → {state}")))),
        None => Some((name, json!(format!("new: {state}")))),
    };
    seed_projects::states(world).await.into_iter().filter_map(changed).collect()
}

/// The messages on every queue, also those that are not due yet.
async fn messages(world: &World) -> Value {
    world.pass(Duration::from_mins(15));
    let mut messages = BTreeMap::new();
    for function in &templates::resolved().functions {
        let Some(queue) = function.queues.first().map(|mapping| mapping.queue.clone()) else {
            continue;
        };
        if world.cloud.aws().queue_depth(&queue).unwrap().visible > 0 {
            let received = world.cloud.aws().receive(&queue, 10, None).await.unwrap();
            let bodies =
                received.iter().map(|message| serde_json::from_str(&message.body).unwrap());
            messages.insert(&function.name, bodies.map(readable).collect::<Vec<_>>());
        }
    }
    json!(messages)
}

fn without_empty(outcome: Value) -> Value {
    let Value::Object(members) = outcome else { return outcome };
    let is_empty = |value: &Value| match value {
        Value::Object(members) => members.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    };
    members.into_iter().filter(|(_, value)| !is_empty(value)).collect::<Map<_, _>>().into()
}
