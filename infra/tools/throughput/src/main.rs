//! `bench-throughput`: measures how many events and jobs a second the embedded cloud delivers, the
//! latency of each, and the cost in processor time and memory. Client, provider and receivers are
//! in this process; `hookreel-local` runs in a process of its own, which is measured. Both share
//! the machine.

mod client;
mod cloud;
mod error;
mod goals;
mod load;
mod misbehaviour;
mod neighbour;
mod options;
mod provider;
mod pull;
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
use crate::options::{Options, Scenario};
use crate::receiver::Receiver;
use crate::report::{Measured, mebibytes, milliseconds};

/// Events a second at half load if `events` was not measured before.
const HALF_LOAD: f64 = 300.0;
/// Jobs a second while some receivers misbehave: low enough that the healthy ones do not wait for
/// the processor.
const MISBEHAVING_LOAD: f64 = 60.0;
/// Events a second of the owner that has a noisy neighbour, low likewise.
const NEIGHBOUR_LOAD: f64 = 20.0;
/// The duration of scenarios with a given rate.
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

/// Measures the scenarios; returns whether all required goals are reached.
async fn run(options: &Options) -> Result<bool, BenchError> {
    let scenarios =
        if options.scenarios.is_empty() { &Scenario::ALL[..] } else { &options.scenarios };
    let mut goals = Goals::default();
    let mut half_load = HALF_LOAD;
    for scenario in scenarios {
        let plan = plan_of(*scenario, options, half_load);
        if *scenario == Scenario::Kill {
            let recovery = measure_recovery(&plan, options).await?;
            recovery.print();
            goals.must_be_at_most(
                "after a kill, until all are delivered",
                recovery.time.as_secs_f64(),
                5.0,
                "s",
            );
            continue;
        }
        if *scenario == Scenario::NoisyNeighbour {
            let neighbour = neighbour::measure(&plan, options).await?;
            neighbour.print();
            let what = "another owner hangs: event → arrival, p99";
            goals.must_be_at_most(what, neighbour.ratio(), 2.0, "×");
            continue;
        }
        if *scenario == Scenario::Pull {
            pull::measure(options, &mut goals).await?;
            continue;
        }
        let measured = measure(*scenario, &plan, options).await?;
        measured.print(*scenario);
        add_goals(*scenario, &measured, &mut goals);
        if *scenario == Scenario::Events {
            half_load = measured.rate() / 2.0;
        }
    }
    Ok(goals.print())
}

fn plan_of(scenario: Scenario, options: &Options, half_load: f64) -> Plan {
    let tenth = (options.jobs / 10).max(1);
    let (items, rate) = match scenario {
        Scenario::Jobs | Scenario::Pull => (options.jobs, None),
        Scenario::Events => (tenth * 2, None),
        Scenario::Parts | Scenario::Kill => (tenth, None),
        Scenario::HalfLoad => (tenth, Some(half_load)),
        Scenario::Misbehaving => (tenth, Some(MISBEHAVING_LOAD)),
        Scenario::NoisyNeighbour => (tenth, Some(NEIGHBOUR_LOAD)),
    };
    let items = rate.map_or(items, |rate| items.min(whole(rate * STEADY.as_secs_f64())));
    Plan { work: scenario.work(), items, under_way: options.under_way, rate }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count")]
fn whole(count: f64) -> usize {
    count as usize
}

async fn measure(
    scenario: Scenario,
    plan: &Plan,
    options: &Options,
) -> Result<Measured, BenchError> {
    let provider = provider::Provider::start().await?;
    let receiver = Receiver::start(scenario == Scenario::Misbehaving).await?;
    let meter = options.meter || scenario == Scenario::Parts;
    let mut cloud = Cloud::start(options, provider.url(), meter).await?;
    let idle = cloud.usage()?;
    let client = Client::new(cloud.api_url(), cloud::API_KEY)?;
    let targets = Targets::new(plan.work, &client, &receiver).await?;
    let before = Usage::of("self")?.processor;
    let load = load::run(plan, &client, &targets, &cloud).await?;
    let used = cloud.usage()?;
    let harness = Usage::of("self")?.processor.saturating_sub(before);
    let started_in = cloud.started_in();
    let parts = cloud.stop().await?;
    Ok(Measured { load, idle, used, harness, started_in, parts })
}

async fn measure_recovery(plan: &Plan, options: &Options) -> Result<Recovery, BenchError> {
    let provider = provider::Provider::start().await?;
    let receiver = Receiver::start(false).await?;
    let mut cloud = Cloud::start(options, provider.url(), options.meter).await?;
    let client = Client::new(cloud.api_url(), cloud::API_KEY)?;
    let targets = Targets::new(plan.work, &client, &receiver).await?;
    let recovery = load::interrupt(plan, &client, &targets, &mut cloud).await?;
    cloud.stop().await?;
    Ok(recovery)
}

/// Adds the figures of a scenario that have a goal.
fn add_goals(scenario: Scenario, measured: &Measured, goals: &mut Goals) {
    match scenario {
        Scenario::Events => {
            goals.at_least("events delivered a second", measured.rate(), 625.0, "/s");
            goals.at_most("processor time an event", measured.processor(), 1.5, "ms");
            goals.at_most("memory, idle", mebibytes(measured.idle.resident), 60.0, "MiB");
            goals.at_most("start", milliseconds(measured.started_in), 300.0, "ms");
        }
        Scenario::HalfLoad => {
            goals.at_most("half load: request → answer, p99", measured.creation().p99, 8.0, "ms");
            goals.at_most(
                "half load: request → arrival, p99",
                measured.end_to_end().p99,
                12.0,
                "ms",
            );
        }
        Scenario::Jobs => {
            goals.at_least("whole jobs delivered a second", measured.rate(), 625.0, "/s");
            goals.at_most("whole jobs: last tenth to second", measured.slowdown(), 1.1, "×");
        }
        Scenario::Misbehaving => {
            let p99 = measured.arrival().p99 / 1000.0;
            goals.must_be_at_most("others misbehave: event → arrival, p99", p99, 1.0, "s");
        }
        Scenario::Parts | Scenario::NoisyNeighbour | Scenario::Pull | Scenario::Kill => {}
    }
}
