//! Runs the demo from start to stop.

use std::time::{Duration, Instant};

use domain::Secret;
use tokio::signal::unix::{SignalKind, signal};

use crate::api::Api;
use crate::cloud::Cloud;
use crate::display::Display;
use crate::order::{ORDERS, carry_out};
use crate::receiver::Receiver;
use crate::time::formatted;
use crate::{DemoError, Options, Report, clips, film, once, portrait};

/// Runs the demo. The cloud has ended when this returns, also after an error.
pub async fn run(options: Options) -> Result<Report, DemoError> {
    let stopped = stop_requested()?;
    let folder = &options.output_dir;
    std::fs::create_dir_all(folder)
        .map_err(|source| DemoError::Resource { what: folder.display().to_string(), source })?;
    let key = new_key()?;
    let mut cloud = Cloud::spawn(&options, &key)?;
    let limit = Duration::from_secs(options.time_limit);
    let result = tokio::select! {
        result = tokio::time::timeout(limit, run_all(&options, &mut cloud, key)) => {
            result.unwrap_or(Err(DemoError::TimeLimit(options.time_limit)))
        }
        () = stopped => Err(DemoError::Interrupted),
    };
    let ended = Instant::now();
    cloud.stop().await;
    let report = result?;
    Ok(Report { stop: ended.elapsed(), ..report })
}

/// Runs all orders, the film, the model and the clips; the report of it, without the time of the stop.
async fn run_all(options: &Options, cloud: &mut Cloud, key: Secret) -> Result<Report, DemoError> {
    let display = Display::new();
    let begun = Instant::now();
    display.line("Starting the embedded cloud: functions, queues, table, bucket, studio …");
    let api = Api::new(cloud.api_url(), key)?;
    cloud.ready(&api).await?;
    let start = begun.elapsed();
    display.line(&format!("The API is up after {}: {}", formatted(start), cloud.api_url()));
    let parts = [film::NAME, portrait::NAME, clips::NAME];
    let names: Vec<_> = ORDERS.iter().map(|order| order.name).chain(parts).collect();
    let mut receiver = Receiver::start(api.webhook_secret().await?, &names).await?;
    let mut part = |name| {
        let inbox =
            receiver.take(name).ok_or_else(|| DemoError::Setup("an inbox is missing".into()))?;
        Ok::<_, DemoError>((inbox, display.job(name)))
    };
    let mut under_way = Vec::new();
    for order in &ORDERS {
        let ((inbox, progress), api) = (part(order.name)?, &api);
        under_way.push(async move {
            carry_out(order, api, inbox, &options.output_dir, &progress).await
        });
    }
    let (inbox, progress) = part(film::NAME)?;
    let film = film::make(&api, inbox, &options.output_dir, &progress);
    let (inbox, progress) = part(portrait::NAME)?;
    let work = if options.double_webhooks { portrait::WORK_UNTIL_POLL } else { portrait::WORK };
    let portrait = portrait::make(&api, inbox, &options.output_dir, work, &progress);
    let (inbox, progress) = part(clips::NAME)?;
    // A poll may come when all clips are done.
    let least = usize::from(!options.drop_webhooks);
    let clips = clips::make(&api, inbox, &options.output_dir, least, &progress);
    let orders = futures::future::try_join_all(under_way);
    let (outcomes, film, portrait, clips) = futures::try_join!(orders, film, portrait, clips)?;
    let once = once::check(options, &cloud.studio_url(), &receiver.counts()).await?;
    Ok(Report { outcomes, film, portrait, clips, once, start, stop: Duration::ZERO })
}

/// An API key for this run only.
fn new_key() -> Result<Secret, DemoError> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|error| DemoError::Setup(error.to_string()))?;
    Ok(signing::api_key::generate(random))
}

/// Resolves when a signal stops the demo: Ctrl-C, `kill`, or a closed terminal.
fn stop_requested() -> Result<impl Future<Output = ()>, DemoError> {
    let listen = |kind| {
        signal(kind).map_err(|source| DemoError::Resource { what: "signals".into(), source })
    };
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
