//! The program `hookreel-local`: its options, its banner, its shutdown; backup and restore of its data
//! folder.

use std::collections::BTreeMap;
use std::error::Error;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use domain::Secret;
use hookreel_studio::{Faults, Studio};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use crate::backup;
use crate::cloud::Cloud;
use crate::log;
use crate::meter;
use crate::settings::Settings;
use crate::stand_in;
use crate::start::CREDENTIALS;
use crate::template::Document;

/// Runs Hookreel on this machine: every function, queue, table, bucket and route of the template in
/// one process, with its state in one folder. Settings and secrets of functions come from
/// environment variables of the same names.
#[derive(Debug, Parser)]
#[command(name = "hookreel-local", version)]
pub struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    /// The port of the HTTP API on 127.0.0.1; 0 chooses a free one.
    #[arg(long, default_value_t = 8787)]
    port: u16,
    /// The port of the AWS services (DynamoDB, SQS, S3); 0 chooses a free one.
    #[arg(long, default_value_t = 8788)]
    aws_port: u16,
    /// The address of the AWS services. Functions in Docker containers on Linux reach them at the
    /// address of Docker's bridge, usually 172.17.0.1.
    #[arg(long, value_name = "IP", default_value_t = Ipv4Addr::LOCALHOST.into())]
    aws_address: IpAddr,
    /// The folder that holds all state.
    #[arg(long, default_value = "data", global = true)]
    data_dir: PathBuf,
    /// An API key to accept; without one, the first start generates one.
    #[arg(long, env = "HOOKREEL_API_KEY", hide_env_values = true)]
    api_key: Option<String>,
    /// Do not start the stand-in for the providers.
    #[arg(long)]
    no_studio: bool,
    /// The stand-in's port on 127.0.0.1; 0 chooses a free one.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    studio_port: u16,
    /// The stand-in's faults.
    #[command(flatten, next_help_heading = "Faults of the stand-in")]
    faults: Faults,
    /// The template to run.
    #[arg(long, default_value = "template.yaml")]
    template: PathBuf,
    /// Log JSON, one object per line.
    #[arg(long)]
    json: bool,
    /// Measure the processor time of each part, and write it to this file at shutdown.
    #[arg(long)]
    meter: Option<PathBuf>,
}

/// What to do instead of running.
#[derive(Debug, Subcommand)]
enum Command {
    /// Copies the data folder, also that of a running hookreel-local, into a new folder.
    Backup {
        /// The new folder.
        to: PathBuf,
    },
    /// Copies a backup into the data folder, which must be new. The next start goes on with its work.
    Restore {
        /// The backup's folder.
        from: PathBuf,
    },
}

/// Does what was asked for; runs until SIGINT or SIGTERM.
pub async fn run(options: Options) -> ExitCode {
    log::start(options.json);
    // What is written holds secrets and others' media.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let done = match &options.command {
        Some(Command::Backup { to }) => copied(backup::backup(&options.data_dir, to)),
        Some(Command::Restore { from }) => copied(backup::restore(from, &options.data_dir)),
        None => serve(options).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hookreel-local: {}", with_causes(&*error));
            ExitCode::FAILURE
        }
    }
}

fn copied(outcome: Result<(), backup::BackupError>) -> Result<(), Box<dyn Error>> {
    Ok(outcome?)
}

async fn serve(options: Options) -> Result<(), Box<dyn Error>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let template = Document::read(&options.template)?;
    let mut environment = process_environment();
    let studio = if options.no_studio {
        None
    } else {
        let (port, faults) = (options.studio_port, options.faults);
        Some(stand_in::start(&mut environment, port, faults).await?)
    };
    let settings = Settings {
        api_port: options.port,
        aws_address: options.aws_address,
        aws_port: options.aws_port,
        environment,
        api_key: options.api_key.map(Secret::new),
        ..Settings::new(template, options.data_dir)
    };
    if options.meter.is_some() {
        meter::enable();
    }
    let cloud = Cloud::start(settings).await?;
    announce(&cloud, studio.as_ref(), options.json);
    let signal = tokio::select! {
        _ = interrupt.recv() => "SIGINT",
        _ = terminate.recv() => "SIGTERM",
    };
    tracing::info!(kind = "stop", what = signal, "stopping");
    cloud.stop().await;
    if let Some(studio) = studio {
        studio.stop().await;
    }
    if let Some(file) = options.meter {
        std::fs::write(file, meter_report().to_string())?;
    }
    tracing::info!(kind = "stop", "stopped");
    Ok(())
}

/// The meter's report: the runs of each part, and its processor time in microseconds.
fn meter_report() -> serde_json::Value {
    let part = |(name, part): (String, meter::Part)| {
        (name, json!({ "runs": part.runs, "us": part.time.as_micros() }))
    };
    meter::report().into_iter().map(part).collect()
}

/// The environment variables of this process that are text and not empty.
fn process_environment() -> BTreeMap<String, String> {
    let texts = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    texts.filter(|(_, value)| !value.is_empty()).collect()
}

/// Shows the addresses and the API key. The key is printed once, for a person, and never logged.
fn announce(cloud: &Cloud, studio: Option<&Studio>, as_json: bool) {
    let file = cloud.data_dir().join("api-key");
    let file = file.display();
    let studio = studio.map(Studio::url);
    if as_json {
        let (api, aws, live) = (cloud.api_url(), cloud.aws_url(), cloud.live_url());
        tracing::info!(kind = "start", api, aws, live, studio, api_key_file = %file, "ready");
        return;
    }
    let (api, aws) = (cloud.api_url(), cloud.aws_url());
    let key = match cloud.first_key() {
        first if first.is_new => format!("{} (shown once; kept in {file})", first.key.expose()),
        _ => format!("in {file}"),
    };
    println!("Hookreel is up; Ctrl-C stops it.");
    println!("  API      {api}");
    if let Some(live) = cloud.live_url() {
        println!("  Live     {live} (WebSocket)");
    }
    let keys = cloud.data_dir().join(CREDENTIALS);
    println!("  AWS      {aws} (DynamoDB, SQS, S3; keys in {})", keys.display());
    if let Some(studio) = studio {
        println!("  Studio   {studio} (stands in for the providers)");
    }
    println!("  API key  {key}");
    println!("Try:");
    println!("  curl {api}/v1/tts/async -H \"Authorization: Bearer $(cat {file})\" \\");
    println!("    -H 'Content-Type: application/json' \\");
    println!("    -d '{{\"text\": \"Good morning.\", \"language\": \"english\"}}'");
}

/// An error and its causes, in one line.
fn with_causes(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let text = error.to_string();
        // Some errors repeat the text of their cause.
        if !line.ends_with(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        source = error.source();
    }
    line
}
