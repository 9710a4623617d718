//! The report, as tables.

use std::time::Duration;

use crate::cloud::{Parts, Usage};
use crate::load::{Load, Recovery};
use crate::options::{Scenario, Work};

/// The measurements of one scenario.
pub(crate) struct Measured {
    pub(crate) load: Load,
    pub(crate) idle: Usage,
    pub(crate) used: Usage,
    /// Processor time of this process: client, provider and receivers.
    pub(crate) harness: Duration,
    pub(crate) started_in: Duration,
    pub(crate) parts: Parts,
}

/// Median, 99th percentile and maximum, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Latency {
    pub(crate) median: f64,
    pub(crate) p99: f64,
    max: f64,
}

impl Latency {
    pub(crate) fn of(times: impl Iterator<Item = Duration>) -> Self {
        let mut times: Vec<_> = times.collect();
        times.sort();
        let at = |percent: usize| {
            let place = (times.len() * percent / 100).min(times.len().saturating_sub(1));
            times.get(place).map_or(0.0, |time| milliseconds(*time))
        };
        Self { median: at(50), p99: at(99), max: at(100) }
    }

    pub(crate) fn print(self, what: &str) {
        let Self { median, p99, max } = self;
        println!("  {what:<24} {median:>8.1} ms p50, {p99:.1} ms p99, {max:.1} ms max");
    }
}

impl Measured {
    /// Webhooks delivered a second.
    pub(crate) fn rate(&self) -> f64 {
        count(self.load.arrived().count()) / self.load.time.as_secs_f64()
    }

    /// Processor time per item, in milliseconds.
    pub(crate) fn processor(&self) -> f64 {
        milliseconds(self.total_processor()) / count(self.load.items.len())
    }

    /// The latency from request to answer.
    pub(crate) fn creation(&self) -> Latency {
        Latency::of(self.load.items.iter().map(|item| item.answered_in))
    }

    /// The latency from request to webhook.
    pub(crate) fn end_to_end(&self) -> Latency {
        Latency::of(self.load.arrived().map(|(item, arrival)| arrival.at - item.requested))
    }

    /// The latency from event to webhook.
    pub(crate) fn arrival(&self) -> Latency {
        Latency::of(self.load.arrived().map(|(_, arrival)| arrival.after_event))
    }

    /// The processor time of the last tenth relative to the second one: the first tenth pays for
    /// connections and caches.
    pub(crate) fn slowdown(&self) -> f64 {
        let costs = self.tenths();
        match (costs.get(1), costs.last()) {
            (Some((_, early)), Some((_, late))) => late / early,
            _ => 1.0,
        }
    }

    fn total_processor(&self) -> Duration {
        self.used.processor.saturating_sub(self.idle.processor)
    }

    /// The rate, and the processor time per item in milliseconds, of each tenth.
    fn tenths(&self) -> Vec<(f64, f64)> {
        let items = count(self.load.items.len()) / 10.0;
        let arrived = count(self.load.arrived().count()) / 10.0;
        let mut before = (Duration::ZERO, self.idle.processor);
        let mut tenths = Vec::new();
        for (time, usage) in &self.load.tenths {
            let rate = arrived / time.saturating_sub(before.0).as_secs_f64();
            let cost = milliseconds(usage.processor.saturating_sub(before.1)) / items;
            tenths.push((rate, cost));
            before = (*time, usage.processor);
        }
        tenths
    }

    /// Prints everything.
    pub(crate) fn print(&self, scenario: Scenario) {
        let work = scenario.work();
        println!("\n{scenario:?}: {} {}s", self.load.items.len(), work.name());
        let seconds = self.load.time.as_secs_f64();
        println!("  delivered                {:>8.0} /s over {seconds:.1} s", self.rate());
        let harness = milliseconds(self.harness) / count(self.load.items.len());
        println!(
            "  processor                {:>8.2} ms per {}, and {harness:.2} ms in this process",
            self.processor(),
            work.name()
        );
        println!(
            "  memory                   {:>8.0} MiB idle, {:.0} MiB at the end, {:.0} MiB peak",
            mebibytes(self.idle.resident),
            mebibytes(self.used.resident),
            mebibytes(self.used.peak)
        );
        println!("  start                    {:>8.0} ms", milliseconds(self.started_in));
        self.creation().print("request → answer");
        self.end_to_end().print("request → arrival");
        if work == Work::Job {
            self.arrival().print("event → arrival");
        }
        let tenths = self.tenths();
        let tenths: Vec<_> =
            tenths.iter().map(|(rate, cost)| format!("{rate:.0}/s {cost:.1}ms")).collect();
        println!("  by tenths                {}", tenths.join("  "));
        self.print_parts(work);
    }

    fn print_parts(&self, work: Work) {
        if self.parts.is_empty() {
            return;
        }
        let items = count(self.load.items.len());
        println!("  processor by part, in µs per {} (runs)", work.name());
        let mut sorted: Vec<_> = self.parts.iter().collect();
        sorted.sort_by_key(|(_, (_, microseconds))| std::cmp::Reverse(*microseconds));
        let mut known = 0.0;
        for (name, (runs, microseconds)) in sorted {
            let (runs, each) = (number(*runs) / items, number(*microseconds) / items);
            known += each;
            println!("    {name:<46} {each:>8.1} ({runs:.2})");
        }
        let rest = milliseconds(self.total_processor()) * 1000.0 / items - known;
        println!("    {:<46} {rest:>8.1}", "others: sockets, HTTP, files, scheduling");
    }
}

impl Recovery {
    /// Prints it.
    pub(crate) fn print(&self) {
        println!("\nKill: {} acknowledged events were undelivered at the kill", self.waiting);
        let seconds = self.time.as_secs_f64();
        println!("  all delivered            {seconds:>8.2} s after the kill");
    }
}

/// In milliseconds.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// In MiB.
#[allow(clippy::cast_precision_loss, reason = "shown with few digits only")]
pub(crate) fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}

#[allow(clippy::cast_precision_loss, reason = "shown with few digits only")]
fn number(number: u64) -> f64 {
    number as f64
}

pub(crate) fn count(count: usize) -> f64 {
    number(count as u64)
}
