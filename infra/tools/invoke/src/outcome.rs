//! Invokes one program with one event and compares the answer.

use std::path::Path;

use runtime::Clock;
use serde_json::Value;
use tests::world;
use tests::{World, samples, templates};

use crate::emulator::{Emulator, InvokeError};
use crate::{expected, resigned};

/// The result of the comparison.
pub enum Outcome {
    /// The answer equals the snapshot.
    AsExpected,
    /// The answer differs: the expected one and the actual one.
    Different(String),
}

/// Invokes `program` of `function` with the event in `case`.
pub async fn invoke(
    emulator: &Path,
    program: &Path,
    function: &str,
    case: &Path,
) -> Result<Outcome, InvokeError> {
    let expected = without_times(expected::answer(function, case)?);
    let world = samples::world().await;
    let running = Emulator::start(emulator, program, environment(function, &world)).await?;
    let event = samples::event(case, &world);
    let event = resigned::at(event, world.clock.now(), Clock::system().now());
    let answer = running.invoke(&event).await?;
    let answer = without_times(samples::redacted(samples::readable(answer), &world));
    if answer == expected {
        return Ok(Outcome::AsExpected);
    }
    Ok(Outcome::Different(format!("  expected {expected}\n  actual   {answer}")))
}

/// Replaces times, which differ because only the tests set the clock.
fn without_times(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, without_times(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(without_times).collect(),
        Value::String(text) if is_time(&text) => "[time]".into(),
        other => other,
    }
}

/// Whether `text` has the form `2026-01-01T00:00:00.000Z`.
fn is_time(text: &str) -> bool {
    let shape = text.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    shape.eq(*b"0000-00-00T00:00:00.000Z")
}

/// The environment variables of the program, with AWS at the address of `world`.
fn environment(function: &str, world: &World) -> Vec<(String, String)> {
    let functions = &templates::resolved().functions;
    let template = functions.iter().find(|one| one.name == function);
    let own = template.into_iter().flat_map(|one| one.environment.clone());
    let keys = world.cloud.aws().keys();
    let chosen = [
        ("AWS_ACCESS_KEY_ID", &*keys.access_key),
        ("AWS_SECRET_ACCESS_KEY", keys.secret_key.expose()),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", world.cloud.aws_url()),
        ("AWS_LAMBDA_FUNCTION_NAME", function),
        ("API_BASE_URL", samples::API),
        ("OUTBOUND_ALLOW_LOOPBACK", "true"),
    ];
    let chosen = chosen.map(|(name, value)| (name.to_owned(), value.to_owned()));
    own.chain(world::environment(None, world.provider.url())).chain(chosen).collect()
}
