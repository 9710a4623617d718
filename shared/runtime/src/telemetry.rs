//! Logs: one JSON line per event, as CloudWatch reads them.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::Environment;

/// The most that is ever logged. Below it the AWS SDK and the HTTP clients log whole requests, with
/// presigned URLs, and this project's own code logs nothing.
pub const CEILING: LevelFilter = LevelFilter::INFO;

/// Starts the JSON log. `RUST_LOG` sets the levels, such as `warn` or `warn,relay=info`, up to
/// [`CEILING`]; filters by field or span, which would add a regex engine to every cold start, are
/// not supported.
pub(crate) fn start(environment: &Environment) {
    let chosen = environment.get("RUST_LOG").and_then(|text| text.parse().ok());
    let filter = chosen.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .without_time()
        .with_ansi(false);
    // An earlier subscriber stays: the embedded cloud installs its own.
    let _ = tracing_subscriber::registry().with(CEILING).with(filter).with(lines).try_init();
}
