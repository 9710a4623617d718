//! Trainings, the models that they make, and predictions: the client API.

mod budgets;
mod create;
mod ends;
mod errors;
mod faults;
mod flows;
mod idempotency;
mod lanes;
mod official_signature;
mod read;
mod soak;

use serde_json::{Value, json};
use tests::World;
use tests::world::Plan;

pub const TRAININGS: &str = "/v1/trainings";
pub const PREDICTIONS: &str = "/v1/predictions";

/// A training into `destination`.
pub fn training(destination: &str) -> Value {
    json!({ "model": "stability-ai/sdxl", "version": "5c7d5dc6", "destination": destination,
        "input": { "images": "https://example.com/kites.zip" } })
}

/// A prediction of one version.
pub fn prediction() -> Value {
    json!({ "version": "5c7d5dc6", "input": { "prompt": "A red kite" } })
}

/// A world in which nothing happens by itself, with this variable.
pub async fn frozen_with(name: &'static str, value: &str) -> World {
    let environment = vec![(name, value.to_owned())];
    let template = tests::templates::frozen();
    World::start(Plan { template, environment, ..Plan::default() }).await
}

/// Has a model trained, which must be accepted; the answer.
pub async fn train(client: &tests::Client, destination: &str) -> Value {
    let answer = client.post(TRAININGS, &training(destination)).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    answer.json()
}

/// The text of a member of an answer.
pub fn text<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer[name].as_str().unwrap_or_else(|| panic!("{name}: {answer}"))
}
