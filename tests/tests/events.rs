//! Every file in `events/` is handed to its function, and everything that comes of it is
//! compared with a snapshot: the answer, the AWS calls, the messages, the jobs changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::{Job, JobId};
use futures::{StreamExt, stream};
use serde_json::{Map, Value, json};
use tests::sent::Sent;
use tests::world::Plan;
use tests::{Webhook, World, seed, seed_webhooks, templates};

/// What the sample events write for the provider and the receiver of webhooks.
const PROVIDER: &str = "http://127.0.0.1:8791";
const RECEIVER: &str = "http://127.0.0.1:8799";
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_has_the_outcome_that_was_agreed_on() {
    let outcomes: Vec<_> = stream::iter(cases())
        .map(|(function, case)| {
            tokio::spawn(async move {
                (format!("{function}__{}", stem(&case)), outcome(&function, &case).await)
            })
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    let mut differing = Vec::new();
    for outcome in outcomes {
        let (name, outcome) = outcome.unwrap();
        // All of them are looked at before the test fails.
        if std::panic::catch_unwind(|| compare(&name, &outcome)).is_err() {
            differing.push(name);
        }
    }
    assert!(differing.is_empty(), "these events came out differently: {differing:#?}");
}

fn compare(name: &str, outcome: &Value) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_json_snapshot!(name, outcome));
}

#[test]
fn every_function_has_sample_events() {
    let mut without = templates::functions();
    without.retain(|function| cases().iter().all(|(known, _)| known != function));
    assert!(without.is_empty(), "these functions have no events/<function>/*.json: {without:?}");
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

/// Every sample event, with the function that it is for.
fn cases() -> Vec<(String, PathBuf)> {
    let events = templates::root().join("events");
    let mut cases = Vec::new();
    for function in templates::functions() {
        let files = files(&events.join(&function), "json");
        cases.extend(files.into_iter().map(|file| (function.clone(), file)));
    }
    cases
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|e| e == extension)).collect();
    files.sort();
    files
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
}

/// Everything that comes of one event, with what differs from run to run replaced.
async fn outcome(function: &str, case: &Path) -> Value {
    let api = "https://api.example.com".to_owned();
    let environment = vec![("API_BASE_URL", api)];
    let plan = Plan { template: templates::frozen(), environment, ..Plan::default() };
    let world = World::start(plan).await;
    let jobs = seed::sample_jobs(world.provider.url());
    for job in &jobs {
        seed::put(&world, job.clone()).await;
    }
    seed_webhooks::put(&world).await;
    let receiver = world.receiver.url();
    let text = std::fs::read_to_string(case).unwrap();
    let text = text.replace(PROVIDER, world.provider.url());
    let text = text.replace(RECEIVER, receiver.trim_end_matches("/hook"));
    let event: Value = serde_json::from_str(&text).unwrap();
    let are_several = event["Records"].as_array().is_some_and(|records| records.len() > 1);
    Sent::begin(&world);
    let answer = world.cloud.invoke(function, event).await;
    let mut calls = Sent::so_far(&world).operations();
    if are_several {
        // They are worked through at the same time.
        calls.sort();
    }
    let outcome = json!({
        "answer": answer.map_or_else(|error| json!(error.to_string()), readable),
        "calls": calls,
        "jobs": changes(&world, &jobs).await,
        "messages": messages(&world).await,
        "webhooks": world.receiver.webhooks().iter().map(shown).collect::<Vec<_>>(),
        "runs": world.provider.runs(),
        "confirmations": world.provider.confirmations(),
    });
    redacted(without_empty(outcome), &world)
}

/// A webhook by its body and those of its headers that do not change.
fn shown(webhook: &Webhook) -> Value {
    let headers = WEBHOOK_HEADERS.map(|name| (name.to_owned(), json!(webhook.header(name))));
    json!({ "headers": Map::from_iter(headers), "body": webhook.json() })
}

/// The body of an answer or a message as JSON, where it is; the API's description by its title.
fn readable(mut answer: Value) -> Value {
    let body = answer["body"].as_str().and_then(|body| serde_json::from_str::<Value>(body).ok());
    match body {
        Some(body) if body.get("openapi").is_some() => {
            answer["body"] = json!({ "info": body["info"]["title"] });
        }
        Some(body) => answer["body"] = body,
        None => {}
    }
    answer
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

/// Replaces random ids, and addresses with a port.
fn redacted(value: Value, world: &World) -> Value {
    match value {
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, redacted(value, world))).collect()
        }
        Value::Array(items) => items.into_iter().map(|item| redacted(item, world)).collect(),
        Value::String(text) => json!(redacted_text(&text, world)),
        other => other,
    }
}

fn redacted_text(text: &str, world: &World) -> String {
    if text.starts_with(world.cloud.aws_url()) {
        let (address, _) = text.split_once('?').unwrap_or((text, ""));
        return address.replace(world.cloud.aws_url(), "[bucket]") + "?[signature]";
    }
    let text = text.replace(world.provider.url(), "[provider]");
    let text = text.replace(world.receiver.url().trim_end_matches("/hook"), "[receiver]");
    let mut parts = text.split("job_");
    let mut redacted = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(part.len());
        redacted += if digits == 32 { "[job]" } else { "job_" };
        redacted += if digits == 32 { &part[digits..] } else { part };
    }
    redacted
}
