//! Logs: JSON lines, one an event, as CloudWatch reads them.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Writes logs as JSON from here on; `RUST_LOG` says how much.
pub(crate) fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .without_time()
        .with_ansi(false);
    // A subscriber set earlier stays: the embedded cloud writes its own.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
}
