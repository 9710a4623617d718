//! The load: jobs created one after another, and when each one's webhook came.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout};

use crate::client::Client;
use crate::cloud::{Cloud, Usage};
use crate::error::BenchError;
use crate::options::Options;
use crate::receiver::{Arrival, Receiver};

/// For how long nothing may arrive before the rest counts as missing.
const PATIENCE: Duration = Duration::from_mins(2);
/// Requests to create jobs that are under way at a time.
const CLIENTS: usize = 32;

/// A job as it went.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    id: String,
    /// When it was asked for.
    pub(crate) asked: Instant,
    /// How long the answer took.
    pub(crate) answered_in: Duration,
    /// When its webhook came; `None` if it goes to somebody who does not take it.
    pub(crate) arrival: Option<Arrival>,
}

/// All jobs, and what the cloud used meanwhile.
pub(crate) struct Load {
    pub(crate) jobs: Vec<Job>,
    /// From the first request to the last webhook.
    pub(crate) time: Duration,
    /// What the cloud had used after each tenth of the webhooks.
    pub(crate) tenths: Vec<(Duration, Usage)>,
}

/// Creates the jobs and waits for their webhooks.
pub(crate) async fn run(
    options: &Options,
    client: &Client,
    receiver: &Receiver,
    cloud: &Cloud,
) -> Result<Load, BenchError> {
    let begun = Instant::now();
    let expected = (0..options.jobs).filter(|nth| receiver.url(*nth).1).count();
    let (created, tenths) = tokio::join!(
        create_all(options, client, receiver, begun),
        watch(receiver, cloud, expected, begun)
    );
    let (mut jobs, tenths) = (created?, tenths?);
    let arrivals = receiver.arrivals();
    for job in &mut jobs {
        job.arrival = arrivals.get(&job.id).copied();
    }
    let last = arrivals.values().map(|arrival| arrival.at).max().unwrap_or(begun);
    Ok(Load { jobs, time: last - begun, tenths })
}

async fn create_all(
    options: &Options,
    client: &Client,
    receiver: &Receiver,
    begun: Instant,
) -> Result<Vec<Job>, BenchError> {
    let clients = Arc::new(Semaphore::new(CLIENTS));
    let mut arrived = receiver.count();
    let mut tasks = JoinSet::new();
    let mut expected = 0;
    for nth in 0..options.jobs {
        if let Some(rate) = options.rate {
            let due = begun
                + Duration::from_secs(1)
                    .mul_f64(f64::from(u32::try_from(nth).unwrap_or(u32::MAX)) / rate);
            sleep_until(due.into()).await;
        }
        let waiting = |count: &usize| expected < count + options.under_way;
        let _ = timeout(PATIENCE, arrived.wait_for(waiting)).await;
        let (url, works) = receiver.url(nth);
        expected += usize::from(works);
        let (client, url, cancel) = (client.clone(), url.to_owned(), options.cancel);
        let place = Arc::clone(&clients).acquire_owned().await;
        tasks.spawn(async move {
            let _place = place;
            create(&client, &url, cancel).await
        });
    }
    tasks.join_all().await.into_iter().collect()
}

async fn create(client: &Client, url: &str, cancel: bool) -> Result<Job, BenchError> {
    let asked = Instant::now();
    let id = client.create(url).await?;
    let answered_in = asked.elapsed();
    if cancel {
        client.cancel(&id).await?;
    }
    Ok(Job { id, asked, answered_in, arrival: None })
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
