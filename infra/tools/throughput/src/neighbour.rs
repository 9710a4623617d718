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

/// How long the quiet owner's events took from event to arrival.
pub(crate) struct Neighbour {
    /// With nobody else there.
    pub(crate) alone: Latency,
    /// Beside the noisy owner.
    pub(crate) beside: Latency,
}

/// Measures `plan` alone, and beside the noisy owner.
pub(crate) async fn measure(plan: &Plan, options: &Options) -> Result<Neighbour, BenchError> {
    let provider = Provider::start().await?;
    let mut cloud = Cloud::start(options, provider.url(), false).await?;
    let quiet = Client::new(cloud.api_url(), cloud::API_KEY)?;
    let noisy = Client::new(cloud.api_url(), &cloud.create_key("noisy").await?)?;
    // The first one pays for connections and caches.
    latency(plan, &quiet, &cloud).await?;
    let alone = latency(plan, &quiet, &cloud).await?;
    make_noise(&noisy).await?;
    sleep(SETTLING).await;
    let beside = latency(plan, &quiet, &cloud).await?;
    cloud.stop().await?;
    Ok(Neighbour { alone, beside })
}

async fn latency(plan: &Plan, client: &Client, cloud: &Cloud) -> Result<Latency, BenchError> {
    let receiver = Receiver::start(false).await?;
    let targets = Targets::new(plan.work, client, &receiver).await?;
    let load = load::run(plan, client, &targets, cloud).await?;
    Ok(Latency::of(load.arrived().map(|(_, arrival)| arrival.after_event)))
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
        self.beside.p99 / self.alone.p99.max(1e-9)
    }

    /// Prints it.
    pub(crate) fn print(&self) {
        println!(
            "\nNoisyNeighbour: {ENDPOINTS} hanging endpoints of another owner, {WAITING} webhooks waiting"
        );
        self.alone.print("event → arrival, alone");
        self.beside.print("event → arrival, beside");
    }
}
