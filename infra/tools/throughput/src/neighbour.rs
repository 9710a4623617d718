//! What one owner notices of another whose receivers all hang.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::client::Client;
use crate::cloud::{self, Cloud};
use crate::error::BenchError;
use crate::load::{self, Plan, Targets};
use crate::misbehaviour;
use crate::options::Options;
use crate::provider::Provider;
use crate::receiver::Receiver;
use crate::report::Latency;

/// The noisy owner's endpoints, each at a receiver that hangs.
const ENDPOINTS: usize = 50;
/// The webhooks that wait for them.
const WAITING: usize = 1000;
/// How long the noisy owner's first attempts are given to begin.
const SETTLING: Duration = Duration::from_secs(2);

/// What the quiet owner's events took.
pub(crate) struct Neighbour {
    /// With nobody else there.
    alone: Cost,
    /// Beside the noisy owner.
    beside: Cost,
}

struct Cost {
    /// From event to arrival.
    latency: Latency,
    /// The cloud's processor time, as a share of one core.
    processor: f64,
}

/// Measures `plan` alone, and beside the noisy owner.
pub(crate) async fn measure(plan: &Plan, options: &Options) -> Result<Neighbour, BenchError> {
    let provider = Provider::start().await?;
    let mut cloud = Cloud::start(options, provider.url(), false).await?;
    let quiet = Client::new(cloud.api_url(), cloud::API_KEY)?;
    let noisy = Client::new(cloud.api_url(), &cloud.create_key("noisy").await?)?;
    // The first one pays for connections and caches.
    cost(plan, &quiet, &cloud).await?;
    let alone = cost(plan, &quiet, &cloud).await?;
    make_noise(&noisy).await?;
    sleep(SETTLING).await;
    let beside = cost(plan, &quiet, &cloud).await?;
    cloud.stop().await?;
    Ok(Neighbour { alone, beside })
}

async fn cost(plan: &Plan, client: &Client, cloud: &Cloud) -> Result<Cost, BenchError> {
    let receiver = Receiver::start(false).await?;
    let targets = Targets::new(plan.work, client, &receiver).await?;
    let before = cloud.usage()?.processor;
    let load = load::run(plan, client, &targets, cloud).await?;
    let used = cloud.usage()?.processor.saturating_sub(before);
    Ok(Cost {
        latency: Latency::of(load.arrived().map(|(_, arrival)| arrival.after_event)),
        processor: used.as_secs_f64() / load.time.as_secs_f64(),
    })
}

async fn make_noise(client: &Client) -> Result<(), BenchError> {
    let mut endpoints = Vec::new();
    for url in misbehaviour::hanging(ENDPOINTS).await? {
        endpoints.push(client.create_endpoint(&url).await?);
    }
    let mut tasks = JoinSet::new();
    for endpoint in endpoints {
        let client = client.clone();
        tasks.spawn(async move {
            for _ in 0..WAITING / ENDPOINTS {
                client.send_event(&endpoint).await?;
            }
            Ok(())
        });
    }
    tasks.join_all().await.into_iter().collect()
}

impl Neighbour {
    /// How much longer the slowest of a hundred takes beside the noisy owner.
    pub(crate) fn ratio(&self) -> f64 {
        self.beside.latency.p99 / self.alone.latency.p99.max(1e-9)
    }

    /// Prints it.
    pub(crate) fn print(&self) {
        println!(
            "\nNoisyNeighbour: {ENDPOINTS} hanging endpoints of another owner, {WAITING} webhooks waiting"
        );
        for (cost, when) in [(&self.alone, "alone"), (&self.beside, "beside")] {
            cost.latency.print(&format!("event → arrival, {when}"));
            println!("  processor, {when:<13} {:>8.0} % of a core", cost.processor * 100.0);
        }
    }
}
