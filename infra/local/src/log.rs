//! Log output: one line an event, as text for people or as JSON for programs.

use std::fmt::{self, Write};

use runtime::telemetry::CEILING;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// The filter, unless `RUST_LOG` sets one.
const DEFAULT_FILTER: &str = "info,s3s=warn";

/// This crate's name in the target of its events.
const OURS: &str = "hookreel_local";

/// Logs to standard output from here on, panics included, up to the ceiling of all functions.
pub fn start(as_json: bool) {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let builder = tracing_subscriber::fmt().with_env_filter(filter);
    // A subscriber that is already installed stays.
    let _ = if as_json {
        builder
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .finish()
            .with(CEILING)
            .try_init()
    } else {
        builder.event_format(Lines).finish().with(CEILING).try_init()
    };
    std::panic::set_hook(Box::new(|panic| tracing::error!(kind = "panic", "{panic}")));
}

/// Text lines: time, kind, what, outcome, duration, id, and the other fields.
#[derive(Debug, Clone, Copy)]
pub struct Lines;

/// The fields of one event.
#[derive(Debug, Default)]
struct Fields {
    /// Whether the event is from this crate, which gives these names their meaning.
    is_ours: bool,
    kind: String,
    what: String,
    outcome: String,
    milliseconds: Option<f64>,
    id: String,
    message: String,
    others: String,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut line: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let crate_name = event.metadata().target().split("::").next().unwrap_or_default();
        let mut fields = Fields { is_ours: crate_name == OURS, ..Fields::default() };
        event.record(&mut fields);
        if fields.kind.is_empty() {
            fields.kind = crate_name.trim_start_matches("hookreel_").replace('_', "-");
        }
        write!(line, "{} ", jiff::Timestamp::now().strftime("%H:%M:%S.%3f"))?;
        if *event.metadata().level() <= Level::WARN {
            write!(line, "{} ", event.metadata().level())?;
        }
        writeln!(line, "{fields}")
    }
}

impl fmt::Display for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<10}", self.kind)?;
        for text in [&self.what, &self.outcome, &self.message] {
            if !text.is_empty() {
                write!(f, " {}", text.replace('\n', " "))?;
            }
        }
        if let Some(milliseconds) = self.milliseconds {
            write!(f, " {milliseconds:.1} ms")?;
        }
        if !self.id.is_empty() {
            write!(f, " {}", self.id)?;
        }
        f.write_str(&self.others)
    }
}

impl Fields {
    fn put(&mut self, field: &Field, value: String) {
        match field.name() {
            "kind" if self.is_ours => self.kind = value,
            "what" if self.is_ours => self.what = value,
            "outcome" if self.is_ours => self.outcome = value,
            "id" if self.is_ours => self.id = value,
            "message" => self.message = value,
            name => {
                let value = value.replace('\n', " ");
                // Writing to a string cannot fail.
                let _ = write!(self.others, " {name}={value}");
            }
        }
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        if self.is_ours && field.name() == "ms" {
            self.milliseconds = Some(value);
        } else {
            self.put(field, value.to_string());
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_shows_kind_what_outcome_duration_and_id() {
        let fields = Fields {
            kind: "api".to_owned(),
            what: "POST /v1/tts/async".to_owned(),
            outcome: "202".to_owned(),
            milliseconds: Some(3.06),
            id: "abc".to_owned(),
            ..Fields::default()
        };
        assert_eq!(fields.to_string(), "api        POST /v1/tts/async 202 3.1 ms abc");
    }
}
