//! Version 627885f: what it stored and sent is read, its API's answers are given again, and its
//! work goes on. The samples lie in `tests/compatibility/`.

mod answers;
mod changes;
mod deliveries;
mod idempotency;
mod jobs;
mod projects;

use serde_json::Value;
use tests::world::Plan;
use tests::{Stored, World, samples, templates};

const VERSION: &str = "627885f";

fn sample(name: &str) -> Stored {
    Stored::load(VERSION, name)
}

/// The sample as it was stored, in a world in which nothing happens by itself.
async fn stored(name: &str) -> World {
    let environment = vec![("API_BASE_URL", samples::API.to_owned())];
    let template = templates::frozen();
    World::start(Plan { template, environment, ..plan(name, sample(name)) }).await
}

/// A world that goes on from the sample.
async fn resumed(name: &str) -> World {
    World::start(plan(name, sample(name).moved())).await
}

fn plan(name: &str, stored: Stored) -> Plan {
    Plan {
        notification_service: name == "projects",
        environment: vec![("RUNPOD_NATIVE_WEBHOOK", "true".to_owned())],
        stored: Some(stored),
        ..Plan::default()
    }
}

/// Whether `found` holds all that `expected` holds. Objects may have further members. What has
/// changed since on purpose: the step of a job without a result names its end, and a timeline's
/// events of one moment are in the order of cause and effect.
fn holds(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            expected.iter().all(|(name, expected)| {
                let found = found.get(name);
                let names_its_end = name == "step" && expected == "done";
                let ends = ["done", "failed", "cancelled"];
                if names_its_end {
                    return found.is_some_and(|found| ends.iter().any(|end| found == end));
                }
                found.is_some_and(|found| holds(found, expected))
            })
        }
        (Value::Array(found), Value::Array(expected)) if is_timeline(expected) => {
            let is_there = |wanted: &Value| found.iter().any(|found| holds(found, wanted));
            found.len() == expected.len() && expected.iter().all(is_there)
        }
        (Value::Array(found), Value::Array(expected)) => {
            found.len() == expected.len()
                && found.iter().zip(expected).all(|(found, expected)| holds(found, expected))
        }
        (found, expected) => found == expected,
    }
}

fn is_timeline(entries: &[Value]) -> bool {
    entries.iter().all(|entry| entry.get("at").is_some() && entry.get("event").is_some())
}

/// The text attribute `name` of an item.
fn text<'a>(item: &'a Value, name: &str) -> &'a str {
    item[name]["S"].as_str().unwrap_or_default()
}
