//! The command line.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use domain::Secret;
use tokio::signal::unix::{SignalKind, signal};

use crate::clipping::ClippingOptions;
use crate::replicate::ReplicateOptions;
use crate::scenes::SceneOptions;
use crate::{Engine, Faults, Settings, StartError, Studio};

/// Stands in for RunPod serverless with a text-to-speech worker, for the three scene services, for
/// Replicate and for the clipping worker, on 127.0.0.1.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Options {
    /// The port on 127.0.0.1; 0 chooses a free one.
    #[arg(long, default_value_t = 8791)]
    port: u16,
    /// The API key that callers must send.
    #[arg(long, env = "RUNPOD_API_KEY", hide_env_values = true)]
    api_key: String,
    /// The speech engine.
    #[arg(long, value_enum, default_value_t = Engine::Espeak)]
    engine: Engine,
    /// How many tasks are processed at once; one per core by default.
    #[arg(long)]
    workers: Option<usize>,
    /// How long a file is kept for its download to be confirmed, in seconds.
    #[arg(long, env = "DOWNLOAD_CONFIRMATION_TIMEOUT", default_value_t = 60)]
    confirmation_timeout: u64,
    /// The folder of the files; a temporary one by default.
    #[arg(long)]
    work_dir: Option<PathBuf>,
    /// The secret that signs the worker callback.
    #[arg(long, env = "RUNPOD_WEBHOOK_SECRET", hide_env_values = true)]
    webhook_secret: Option<String>,
    /// The URL of the worker callback for runs without a `webhook_url`.
    #[arg(long, env = "NEXTJS_WEBHOOK_URL")]
    webhook_url: Option<String>,
    #[command(flatten)]
    scenes: SceneOptions,
    #[command(flatten)]
    replicate: ReplicateOptions,
    #[command(flatten)]
    clipping: ClippingOptions,
    #[command(flatten)]
    faults: Faults,
}

impl From<Options> for Settings {
    fn from(options: Options) -> Self {
        let defaults = Self::new(Secret::new(options.api_key));
        Self {
            port: options.port,
            engine: options.engine,
            workers: options.workers.unwrap_or(defaults.workers),
            faults: options.faults,
            confirmation_timeout: Duration::from_secs(options.confirmation_timeout),
            work_dir: options.work_dir,
            webhook_secret: options.webhook_secret.filter(|text| !text.is_empty()).map(Secret::new),
            webhook_url: options.webhook_url.filter(|text| !text.is_empty()),
            scenes: options.scenes.into(),
            replicate: options.replicate.into(),
            clipping: options.clipping.into(),
            ..defaults
        }
    }
}

/// Serves with `options` until SIGINT or SIGTERM.
pub async fn run(options: Options) -> Result<(), StartError> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let coloured = std::io::stdout().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_target(false).with_ansi(coloured).init();
    let mut interrupt = signal(SignalKind::interrupt()).map_err(StartError::Signal)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(StartError::Signal)?;
    let studio = Studio::start(options.into()).await?;
    tracing::info!(url = studio.url(), "studio open");
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    studio.stop().await;
    Ok(())
}
