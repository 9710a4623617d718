//! The load: work asked for again and again, and when each piece's webhook came.

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

/// For how long nothing may arrive before the rest counts as missing.
const PATIENCE: Duration = Duration::from_mins(2);
/// Requests that are under way at a time.
const CLIENTS: usize = 32;

/// How much is asked for, and how fast.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) work: Work,
    pub(crate) pieces: usize,
    /// Most pieces under way at a time.
    pub(crate) under_way: usize,
    /// Pieces a second, evenly; as many as it takes if not given.
    pub(crate) rate: Option<f64>,
}

/// A piece of work as it went.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    id: String,
    /// Whether its webhook goes to somebody who takes it.
    works: bool,
    /// When it was asked for.
    pub(crate) asked: Instant,
    /// How long the answer took.
    pub(crate) answered_in: Duration,
    /// When its webhook came.
    pub(crate) arrival: Option<Arrival>,
}

/// All of it, and what the cloud used meanwhile.
pub(crate) struct Load {
    pub(crate) pieces: Vec<Piece>,
    /// From the first request to the last webhook.
    pub(crate) time: Duration,
    /// What the cloud had used after each tenth of the webhooks.
    pub(crate) tenths: Vec<(Duration, Usage)>,
}

/// What was waiting when the process was killed, and how long that took it from its next start.
pub(crate) struct Recovery {
    pub(crate) waiting: usize,
    pub(crate) time: Duration,
}

/// Where the work goes: addresses for jobs, endpoints for events.
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

    /// Where the `nth` piece goes, and whether somebody there takes it.
    fn of(&self, nth: usize) -> (&str, bool) {
        let place = self.receiver.place(nth);
        (&self.names[place], place == 0)
    }
}

/// Asks for all of `plan` and waits for the webhooks.
pub(crate) async fn run(
    plan: &Plan,
    client: &Client,
    targets: &Targets<'_>,
    cloud: &Cloud,
) -> Result<Load, BenchError> {
    let begun = Instant::now();
    let expected = (0..plan.pieces).filter(|nth| targets.of(*nth).1).count();
    let never = AtomicBool::new(false);
    let (asked, tenths) = tokio::join!(
        ask(plan, client, targets, begun, &never),
        watch(targets.receiver, cloud, expected, begun)
    );
    let (mut pieces, tenths) = (asked.into_iter().collect::<Result<Vec<_>, _>>()?, tenths?);
    let arrivals = targets.receiver.arrivals();
    for piece in &mut pieces {
        piece.arrival = arrivals.get(&piece.id).copied();
    }
    let last = arrivals.values().map(|arrival| arrival.at).max().unwrap_or(begun);
    Ok(Load { pieces, time: last - begun, tenths })
}

/// Asks for `plan`, kills the process when half of it has arrived, and waits until all that was
/// acknowledged has arrived after all.
pub(crate) async fn interrupt(
    plan: &Plan,
    client: &Client,
    targets: &Targets<'_>,
    cloud: &mut Cloud,
) -> Result<Recovery, BenchError> {
    let mut arrived = targets.receiver.count();
    let killed = AtomicBool::new(false);
    let kill = async {
        let half = arrived.wait_for(|count| *count >= plan.pieces / 2);
        let _ = timeout(PATIENCE, half).await;
        killed.store(true, Ordering::SeqCst);
        let before = targets.receiver.arrivals();
        let restarted = Instant::now();
        cloud.kill_and_restart().await.map(|()| (before, restarted))
    };
    let (asked, killed) = tokio::join!(ask(plan, client, targets, Instant::now(), &killed), kill);
    let (before, restarted) = killed?;
    // What was refused or cut off was not acknowledged: its client would ask again.
    let acknowledged = asked.into_iter().filter_map(Result::ok).map(|piece| piece.id);
    let mut waiting: HashSet<_> = acknowledged.filter(|id| !before.contains_key(id)).collect();
    let count = waiting.len();
    loop {
        let arrivals = targets.receiver.arrivals();
        waiting.retain(|id| !arrivals.contains_key(id));
        if waiting.is_empty() {
            break;
        }
        arrived.mark_unchanged();
        let next = timeout(PATIENCE, arrived.changed()).await;
        next.map_err(|_| BenchError::Missing { missing: waiting.len() })?.ok();
    }
    Ok(Recovery { waiting: count, time: restarted.elapsed() })
}

async fn ask(
    plan: &Plan,
    client: &Client,
    targets: &Targets<'_>,
    begun: Instant,
    stopped: &AtomicBool,
) -> Vec<Result<Piece, BenchError>> {
    let clients = Arc::new(Semaphore::new(CLIENTS));
    let mut arrived = targets.receiver.count();
    let mut tasks = JoinSet::new();
    let mut expected = 0;
    for nth in 0..plan.pieces {
        if let Some(rate) = plan.rate {
            let share = f64::from(u32::try_from(nth).unwrap_or(u32::MAX)) / rate;
            sleep_until((begun + Duration::from_secs_f64(share)).into()).await;
        }
        let waiting = |count: &usize| expected < count + plan.under_way;
        let _ = timeout(PATIENCE, arrived.wait_for(waiting)).await;
        let place = Arc::clone(&clients).acquire_owned().await;
        if stopped.load(Ordering::SeqCst) {
            break;
        }
        let (target, works) = targets.of(nth);
        expected += usize::from(works);
        let (client, target, work) = (client.clone(), target.to_owned(), plan.work);
        tasks.spawn(async move {
            let _place = place;
            piece(work, &client, &target, works).await
        });
    }
    tasks.join_all().await
}

async fn piece(
    work: Work,
    client: &Client,
    target: &str,
    works: bool,
) -> Result<Piece, BenchError> {
    let asked = Instant::now();
    let id = match work {
        Work::Job => client.create_job(target).await?,
        Work::Event => client.send_event(target).await?,
    };
    Ok(Piece { id, works, asked, answered_in: asked.elapsed(), arrival: None })
}

impl Load {
    /// The pieces whose webhooks went to somebody who takes them, each with its arrival.
    pub(crate) fn arrived(&self) -> impl Iterator<Item = (&Piece, Arrival)> {
        let works = self.pieces.iter().filter(|piece| piece.works);
        works.filter_map(|piece| Some((piece, piece.arrival?)))
    }
}

/// Notes what the cloud has used at each tenth of the way.
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
        while timeout(PATIENCE, arrived.wait_for(|count| *count >= goal)).await.is_err() {
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
