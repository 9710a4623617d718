//! Generates the load, and records when each webhook arrives.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout};

use crate::client::Client;
use crate::cloud::{Cloud, Usage};
use crate::error::BenchError;
use crate::options::Work;
use crate::receiver::{Arrival, Receiver};

/// How long no webhook may arrive before the rest counts as missing.
const ARRIVAL_TIMEOUT: Duration = Duration::from_mins(2);
/// Most concurrent requests.
const MAX_REQUESTS: usize = 32;

/// The size and rate of a load.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) work: Work,
    pub(crate) items: usize,
    /// Most items in progress at a time.
    pub(crate) under_way: usize,
    /// Items a second, evenly; unlimited if `None`.
    pub(crate) rate: Option<f64>,
}

/// One job or event.
#[derive(Debug, Clone)]
pub(crate) struct WorkItem {
    id: String,
    /// Whether its receiver is healthy.
    is_healthy: bool,
    /// When it was requested.
    pub(crate) requested: Instant,
    /// The latency of the answer.
    pub(crate) answered_in: Duration,
    /// The arrival of its webhook.
    pub(crate) arrival: Option<Arrival>,
}

/// The result of a load.
pub(crate) struct Load {
    pub(crate) items: Vec<WorkItem>,
    /// From the first request to the last webhook.
    pub(crate) time: Duration,
    /// The resources used at each tenth of the webhooks.
    pub(crate) tenths: Vec<(Duration, Usage)>,
}

/// The undelivered work at a kill, and the time until it was delivered.
pub(crate) struct Recovery {
    pub(crate) waiting: usize,
    pub(crate) time: Duration,
}

/// The targets of the work: URLs for jobs, endpoints for events.
pub(crate) struct Targets<'a> {
    receiver: &'a Receiver,
    names: Vec<String>,
}

impl<'a> Targets<'a> {
    pub(crate) async fn new(
        work: Work,
        client: &Client,
        receiver: &'a Receiver,
    ) -> Result<Self, BenchError> {
        let mut names = Vec::new();
        for url in receiver.urls() {
            names.push(match work {
                Work::Job => url.to_owned(),
                Work::Event => client.create_endpoint(url).await?,
            });
        }
        Ok(Self { receiver, names })
    }

    /// The target of the `nth` item, and whether its receiver is healthy.
    fn of(&self, nth: usize) -> (&str, bool) {
        let target = self.receiver.target(nth);
        (&self.names[target], target == 0)
    }
}

/// Submits all of `plan` and waits for the webhooks.
pub(crate) async fn run(
    plan: &Plan,
    client: &Client,
    targets: &Targets<'_>,
    cloud: &Cloud,
) -> Result<Load, BenchError> {
    let begun = Instant::now();
    let expected = (0..plan.items).filter(|nth| targets.of(*nth).1).count();
    let never = AtomicBool::new(false);
    let (requested, tenths) = tokio::join!(
        submit_all(plan, client, targets, begun, &never),
        watch(targets.receiver, cloud, expected, begun)
    );
    let (mut items, tenths) = (requested.into_iter().collect::<Result<Vec<_>, _>>()?, tenths?);
    let arrivals = targets.receiver.arrivals();
    for item in &mut items {
        item.arrival = arrivals.get(&item.id).copied();
    }
    let last = arrivals.values().map(|arrival| arrival.at).max().unwrap_or(begun);
    Ok(Load { items, time: last - begun, tenths })
}

/// Submits `plan`, kills the process when half of its webhooks have arrived, and waits until all
/// acknowledged work is delivered.
pub(crate) async fn interrupt(
    plan: &Plan,
    client: &Client,
    targets: &Targets<'_>,
    cloud: &mut Cloud,
) -> Result<Recovery, BenchError> {
    let mut arrived = targets.receiver.count();
    let killed = AtomicBool::new(false);
    let kill = async {
        let half = arrived.wait_for(|count| *count >= plan.items / 2);
        let _ = timeout(ARRIVAL_TIMEOUT, half).await;
        killed.store(true, Ordering::SeqCst);
        let before = targets.receiver.arrivals();
        let restarted = Instant::now();
        cloud.kill_and_restart().await.map(|()| (before, restarted))
    };
    let (requested, killed) =
        tokio::join!(submit_all(plan, client, targets, Instant::now(), &killed), kill);
    let (before, restarted) = killed?;
    // Failed requests were not acknowledged: their client would retry them.
    let acknowledged = requested.into_iter().filter_map(Result::ok).map(|item| item.id);
    let mut waiting: HashSet<_> = acknowledged.filter(|id| !before.contains_key(id)).collect();
    let count = waiting.len();
    loop {
        let arrivals = targets.receiver.arrivals();
        waiting.retain(|id| !arrivals.contains_key(id));
        if waiting.is_empty() {
            break;
        }
        arrived.mark_unchanged();
        let next = timeout(ARRIVAL_TIMEOUT, arrived.changed()).await;
        next.map_err(|_| BenchError::Missing { missing: waiting.len() })?.ok();
    }
    Ok(Recovery { waiting: count, time: restarted.elapsed() })
}

async fn submit_all(
    plan: &Plan,
    client: &Client,
    targets: &Targets<'_>,
    begun: Instant,
    stopped: &AtomicBool,
) -> Vec<Result<WorkItem, BenchError>> {
    let permits = Arc::new(Semaphore::new(MAX_REQUESTS));
    let mut arrived = targets.receiver.count();
    let mut tasks = JoinSet::new();
    let mut expected = 0;
    for nth in 0..plan.items {
        if let Some(rate) = plan.rate {
            let share = f64::from(u32::try_from(nth).unwrap_or(u32::MAX)) / rate;
            sleep_until((begun + Duration::from_secs_f64(share)).into()).await;
        }
        let waiting = |count: &usize| expected < count + plan.under_way;
        let _ = timeout(ARRIVAL_TIMEOUT, arrived.wait_for(waiting)).await;
        let permit = Arc::clone(&permits).acquire_owned().await;
        if stopped.load(Ordering::SeqCst) {
            break;
        }
        let (target, is_healthy) = targets.of(nth);
        expected += usize::from(is_healthy);
        let (client, target, work) = (client.clone(), target.to_owned(), plan.work);
        tasks.spawn(async move {
            let _permit = permit;
            item(work, &client, &target, is_healthy).await
        });
    }
    tasks.join_all().await
}

async fn item(
    work: Work,
    client: &Client,
    target: &str,
    is_healthy: bool,
) -> Result<WorkItem, BenchError> {
    let requested = Instant::now();
    let id = match work {
        Work::Job => client.create_job(target).await?,
        Work::Event => client.send_event(target).await?,
    };
    Ok(WorkItem { id, is_healthy, requested, answered_in: requested.elapsed(), arrival: None })
}

impl Load {
    /// The items with a healthy receiver, each with its arrival.
    pub(crate) fn arrived(&self) -> impl Iterator<Item = (&WorkItem, Arrival)> {
        let healthy = self.items.iter().filter(|item| item.is_healthy);
        healthy.filter_map(|item| Some((item, item.arrival?)))
    }
}

/// Records the resources used at each tenth of the webhooks.
async fn watch(
    receiver: &Receiver,
    cloud: &Cloud,
    expected: usize,
    begun: Instant,
) -> Result<Vec<(Duration, Usage)>, BenchError> {
    let mut arrived = receiver.count();
    let mut tenths = Vec::new();
    for tenth in 1..=10 {
        let goal = expected * tenth / 10;
        let mut last = *arrived.borrow();
        while timeout(ARRIVAL_TIMEOUT, arrived.wait_for(|count| *count >= goal)).await.is_err() {
            let now = *arrived.borrow();
            if now == last {
                return Err(BenchError::Missing { missing: expected - now });
            }
            last = now;
        }
        tenths.push((begun.elapsed(), cloud.usage()?));
    }
    Ok(tenths)
}
