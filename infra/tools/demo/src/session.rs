//! The demo from start to stop, whatever happens in between.

use std::time::{Duration, Instant};

use domain::Secret;
use tokio::signal::unix::{SignalKind, signal};

use crate::api::Api;
use crate::cloud::Cloud;
use crate::display::Display;
use crate::film::{self, Film};
use crate::order::{ORDERS, Outcome, carry_out};
use crate::receiver::Receiver;
use crate::time::shown;
use crate::{DemoError, Options, Report};

/// Shows the demo. Whichever way it ends, the cloud has ended when this returns.
pub async fn run(options: Options) -> Result<Report, DemoError> {
    let stopped = stop_requested()?;
    let folder = &options.output_dir;
    std::fs::create_dir_all(folder)
        .map_err(|source| DemoError::Machine { what: folder.display().to_string(), source })?;
    let key = new_key()?;
    let mut cloud = Cloud::spawn(&options, &key)?;
    let limit = Duration::from_secs(options.time_limit);
    let played = tokio::select! {
        played = tokio::time::timeout(limit, play(&options, &mut cloud, key)) => {
            played.unwrap_or(Err(DemoError::TimeLimit(options.time_limit)))
        }
        () = stopped => Err(DemoError::Interrupted),
    };
    let ended = Instant::now();
    cloud.stop().await;
    let (start, outcomes, film) = played?;
    Ok(Report { outcomes, film, start, stop: ended.elapsed() })
}

/// What there is to see; how long the cloud took to start, and how each order and the film went.
async fn play(
    options: &Options,
    cloud: &mut Cloud,
    key: Secret,
) -> Result<(Duration, Vec<Outcome>, Film), DemoError> {
    let display = Display::new();
    let begun = Instant::now();
    display.line("Starting the embedded cloud: functions, queues, table, bucket, studio …");
    let api = Api::new(cloud.api_url(), key)?;
    cloud.ready(&api).await?;
    let start = begun.elapsed();
    display.line(&format!("Its API is up after {}: {}", shown(start), cloud.api_url()));
    let names: Vec<_> = ORDERS.iter().map(|order| order.name).chain([film::NAME]).collect();
    let mut receiver = Receiver::start(api.webhook_secret().await?, &names).await?;
    let missing = || DemoError::Setup("an inbox is missing".into());
    let mut under_way = Vec::new();
    for order in &ORDERS {
        let inbox = receiver.take(order.name).ok_or_else(missing)?;
        let (shown, api) = (display.job(order.name), &api);
        under_way
            .push(async move { carry_out(order, api, inbox, &options.output_dir, &shown).await });
    }
    let (inbox, shown) = (receiver.take(film::NAME).ok_or_else(missing)?, display.job(film::NAME));
    let film = film::make(&api, inbox, &options.output_dir, &shown);
    let (outcomes, film) = futures::try_join!(futures::future::try_join_all(under_way), film)?;
    Ok((start, outcomes, film))
}

/// An API key for this demo alone.
fn new_key() -> Result<Secret, DemoError> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|error| DemoError::Setup(error.to_string()))?;
    Ok(signing::api_key::generate(random))
}

/// Resolves when somebody asks the demo to stop: Ctrl-C, `kill`, or a closed terminal.
fn stop_requested() -> Result<impl Future<Output = ()>, DemoError> {
    let listen =
        |kind| signal(kind).map_err(|source| DemoError::Machine { what: "signals".into(), source });
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hangup = listen(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}
