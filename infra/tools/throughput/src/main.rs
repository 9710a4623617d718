//! `bench-throughput`: how many events and jobs a second the embedded cloud takes from request to
//! webhook, how long each waits, and what it costs in processor time and memory. Client, provider
//! and receivers are in this process; `hookreel-local` runs as a process of its own, and is what
//! is measured. Both share the machine.

mod client;
mod cloud;
mod error;
mod goals;
mod load;
mod misbehaviour;
mod options;
mod provider;
mod receiver;
mod report;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use crate::client::Client;
use crate::cloud::{Cloud, Usage};
use crate::error::BenchError;
use crate::goals::Goals;
use crate::load::{Plan, Recovery, Targets};
use crate::options::{Options, Scene};
use crate::receiver::Receiver;
use crate::report::{Measured, mebibytes, milliseconds};

/// Events a second at half load if the scene before was not played.
const HALF_LOAD: f64 = 300.0;
/// Jobs a second while some receivers misbehave: a load that leaves room, or the healthy ones
/// would wait for the processor and not for the others.
const MISBEHAVING_LOAD: f64 = 60.0;
/// How long the scenes with a given rate last.
const STEADY: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Options::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench-throughput: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Plays the scenes; whether what must be reached was.
async fn run(options: &Options) -> Result<bool, BenchError> {
    let scenes = if options.scenes.is_empty() { &Scene::ALL[..] } else { &options.scenes };
    let mut goals = Goals::default();
    let mut half_load = HALF_LOAD;
    for scene in scenes {
        let plan = plan(*scene, options, half_load);
        if *scene == Scene::Kill {
            let recovery = kill(&plan, options).await?;
            recovery.print();
            goals.must_be_at_most(
                "after a kill, until all have arrived",
                recovery.time.as_secs_f64(),
                5.0,
                "s",
            );
            continue;
        }
        let measured = play(*scene, &plan, options).await?;
        measured.print(*scene);
        judge(*scene, &measured, &mut goals);
        if *scene == Scene::Events {
            half_load = measured.rate() / 2.0;
        }
    }
    Ok(goals.print())
}

fn plan(scene: Scene, options: &Options, half_load: f64) -> Plan {
    let tenth = (options.jobs / 10).max(1);
    let (pieces, rate) = match scene {
        Scene::Jobs => (options.jobs, None),
        Scene::Events => (tenth * 2, None),
        Scene::Parts | Scene::Kill => (tenth, None),
        Scene::HalfLoad => (tenth, Some(half_load)),
        Scene::Misbehaving => (tenth, Some(MISBEHAVING_LOAD)),
    };
    let pieces = rate.map_or(pieces, |rate| pieces.min(whole(rate * STEADY.as_secs_f64())));
    Plan { work: scene.work(), pieces, under_way: options.under_way, rate }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count")]
fn whole(count: f64) -> usize {
    count as usize
}

async fn play(scene: Scene, plan: &Plan, options: &Options) -> Result<Measured, BenchError> {
    let provider = provider::Provider::start().await?;
    let receiver = Receiver::start(scene == Scene::Misbehaving).await?;
    let meter = options.meter || scene == Scene::Parts;
    let mut cloud = Cloud::start(options, provider.url(), meter).await?;
    let idle = cloud.usage()?;
    let client = Client::new(cloud.api_url(), cloud::API_KEY)?;
    let targets = Targets::new(plan.work, &client, &receiver).await?;
    let before = Usage::of("self")?.processor;
    let load = load::run(plan, &client, &targets, &cloud).await?;
    let used = cloud.usage()?;
    let around = Usage::of("self")?.processor.saturating_sub(before);
    let started_in = cloud.started_in();
    let parts = cloud.stop().await?;
    Ok(Measured { load, idle, used, around, started_in, parts })
}

async fn kill(plan: &Plan, options: &Options) -> Result<Recovery, BenchError> {
    let provider = provider::Provider::start().await?;
    let receiver = Receiver::start(false).await?;
    let mut cloud = Cloud::start(options, provider.url(), options.meter).await?;
    let client = Client::new(cloud.api_url(), cloud::API_KEY)?;
    let targets = Targets::new(plan.work, &client, &receiver).await?;
    let recovery = load::interrupt(plan, &client, &targets, &mut cloud).await?;
    cloud.stop().await?;
    Ok(recovery)
}

/// The figures of a scene beside their goals.
fn judge(scene: Scene, measured: &Measured, goals: &mut Goals) {
    match scene {
        Scene::Events => {
            goals.at_least("events delivered a second", measured.rate(), 625.0, "/s");
            goals.at_most("processor time an event", measured.processor(), 1.5, "ms");
            goals.at_most("memory, idle", mebibytes(measured.idle.resident), 60.0, "MiB");
            goals.at_most("start", milliseconds(measured.started_in), 300.0, "ms");
        }
        Scene::HalfLoad => {
            goals.at_most("half load: request → answer, p99", measured.creation().p99, 8.0, "ms");
            goals.at_most("half load: request → arrival, p99", measured.whole().p99, 12.0, "ms");
        }
        Scene::Jobs => {
            goals.at_least("whole jobs delivered a second", measured.rate(), 625.0, "/s");
            goals.at_most("whole jobs: last tenth to second", measured.slowing(), 1.1, "×");
        }
        Scene::Misbehaving => {
            let p99 = measured.arrival().p99 / 1000.0;
            goals.must_be_at_most("others misbehave: event → arrival, p99", p99, 1.0, "s");
        }
        Scene::Parts | Scene::Kill => {}
    }
}
