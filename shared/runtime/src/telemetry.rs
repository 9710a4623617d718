//! Logs: JSON lines, one an event, as CloudWatch reads them.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::Environment;

/// Writes logs as JSON from here on; `RUST_LOG` says how much, as `info` or `warn,relay=debug`.
/// Filters by field or span, which would bring a regex engine into every cold start, are not
/// understood.
pub(crate) fn start(environment: &Environment) {
    let chosen = environment.get("RUST_LOG").and_then(|text| text.parse().ok());
    let filter = chosen.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .without_time()
        .with_ansi(false);
    // A subscriber set earlier stays: the embedded cloud writes its own.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
}
