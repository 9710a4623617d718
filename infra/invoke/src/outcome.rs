//! One event: the world it speaks of, the program, and whether it answers as agreed.

use std::path::Path;

use tests::world::{RUNPOD_WEBHOOK_SECRET, SIGNING_KEY};
use tests::{World, samples, templates};

use crate::emulator::{Emulator, InvokeError};
use crate::expected;

/// How a program answered.
pub enum Outcome {
    /// With what the tests expect of its code.
    AsAgreed,
    /// With something; the tests set the clock for this event, which nobody can for a program.
    ByTheClock,
    /// With something else: what was expected, and what came.
    Different(String),
}

/// Events whose answers tell the time, or depend on how long ago something was.
const BY_THE_CLOCK: [&str; 0] = [];

/// Invokes `program`, which is that of `function`, with the event in `case`.
pub async fn invoke(
    emulator: &Path,
    program: &Path,
    function: &str,
    case: &Path,
) -> Result<Outcome, InvokeError> {
    let expected = expected::answer(function, case)?;
    let world = samples::world().await;
    let running = Emulator::start(emulator, program, environment(function, &world)).await?;
    let answer = running.invoke(&samples::event(case, &world)).await?;
    let answer = samples::redacted(samples::readable(answer), &world);
    if answer == expected {
        return Ok(Outcome::AsAgreed);
    }
    if BY_THE_CLOCK.contains(&format!("{function}/{}", samples::stem(case)).as_str()) {
        return Ok(Outcome::ByTheClock);
    }
    Ok(Outcome::Different(format!("  expected {expected}\n  came     {answer}")))
}

/// What Lambda would put around the program, with AWS where `world` is.
fn environment(function: &str, world: &World) -> Vec<(String, String)> {
    let functions = &templates::resolved().functions;
    let template = functions.iter().find(|one| one.name == function);
    let own = template.into_iter().flat_map(|one| one.environment.clone());
    let chosen = [
        ("AWS_ACCESS_KEY_ID", "hookreel"),
        ("AWS_SECRET_ACCESS_KEY", "hookreel-local"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", world.cloud.aws_url()),
        ("AWS_LAMBDA_FUNCTION_NAME", function),
        ("API_BASE_URL", samples::API),
        ("OUTBOUND_ALLOW_LOOPBACK", "true"),
        ("SIGNING_KEY", SIGNING_KEY),
        ("RUNPOD_API_KEY", "runpod-key"),
        ("RUNPOD_BASE_URL", world.provider.url()),
        ("RUNPOD_WEBHOOK_SECRET", RUNPOD_WEBHOOK_SECRET),
    ];
    own.chain(chosen.map(|(name, value)| (name.to_owned(), value.to_owned()))).collect::<Vec<_>>()
}
