//! What was measured, as tables.

use std::time::Duration;

use crate::cloud::{Parts, Usage};
use crate::load::{Load, Recovery};
use crate::options::{Scene, Work};

/// All that was measured of one scene.
pub(crate) struct Measured {
    pub(crate) load: Load,
    pub(crate) idle: Usage,
    pub(crate) used: Usage,
    /// Processor time of client, provider and receivers.
    pub(crate) around: Duration,
    pub(crate) started_in: Duration,
    pub(crate) parts: Parts,
}

/// A time that half, and one that all but a hundredth, took at most. In milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Latency {
    pub(crate) median: f64,
    pub(crate) p99: f64,
    most: f64,
}

impl Latency {
    fn of(times: impl Iterator<Item = Duration>) -> Self {
        let mut times: Vec<_> = times.collect();
        times.sort();
        let at = |percent: usize| {
            let place = (times.len() * percent / 100).min(times.len().saturating_sub(1));
            times.get(place).map_or(0.0, |time| milliseconds(*time))
        };
        Self { median: at(50), p99: at(99), most: at(100) }
    }

    fn print(self, what: &str) {
        let Self { median, p99, most } = self;
        println!("  {what:<24} {median:>8.1} ms p50, {p99:.1} ms p99, {most:.1} ms at most");
    }
}

impl Measured {
    /// Webhooks that came, a second.
    pub(crate) fn rate(&self) -> f64 {
        count(self.load.arrived().count()) / self.load.time.as_secs_f64()
    }

    /// Processor time of one piece of work, in milliseconds.
    pub(crate) fn processor(&self) -> f64 {
        milliseconds(self.whole_processor()) / count(self.load.pieces.len())
    }

    /// From request to answer.
    pub(crate) fn creation(&self) -> Latency {
        Latency::of(self.load.pieces.iter().map(|piece| piece.answered_in))
    }

    /// From request to webhook.
    pub(crate) fn whole(&self) -> Latency {
        Latency::of(self.load.arrived().map(|(piece, arrival)| arrival.at - piece.asked))
    }

    /// From what a webhook tells of to its arrival.
    pub(crate) fn arrival(&self) -> Latency {
        Latency::of(self.load.arrived().map(|(_, arrival)| arrival.after_event))
    }

    /// How much more processor time the last tenth took than the second: the first one pays for
    /// connections and caches.
    pub(crate) fn slowing(&self) -> f64 {
        let costs = self.tenths();
        match (costs.get(1), costs.last()) {
            (Some((_, early)), Some((_, late))) => late / early,
            _ => 1.0,
        }
    }

    fn whole_processor(&self) -> Duration {
        self.used.processor.saturating_sub(self.idle.processor)
    }

    /// The rate, and the milliseconds of processor time a piece, of each tenth.
    fn tenths(&self) -> Vec<(f64, f64)> {
        let pieces = count(self.load.pieces.len()) / 10.0;
        let arrived = count(self.load.arrived().count()) / 10.0;
        let mut before = (Duration::ZERO, self.idle.processor);
        let mut tenths = Vec::new();
        for (time, usage) in &self.load.tenths {
            let rate = arrived / time.saturating_sub(before.0).as_secs_f64();
            let cost = milliseconds(usage.processor.saturating_sub(before.1)) / pieces;
            tenths.push((rate, cost));
            before = (*time, usage.processor);
        }
        tenths
    }

    /// Prints it all.
    pub(crate) fn print(&self, scene: Scene) {
        let work = scene.work();
        println!("\n{scene:?}: {} {}s", self.load.pieces.len(), work.name());
        let seconds = self.load.time.as_secs_f64();
        println!("  delivered                {:>8.0} /s over {seconds:.1} s", self.rate());
        let around = milliseconds(self.around) / count(self.load.pieces.len());
        println!(
            "  processor                {:>8.2} ms a {}, and {around:.2} ms for those around it",
            self.processor(),
            work.name()
        );
        println!(
            "  memory                   {:>8.0} MiB idle, {:.0} MiB at the end, {:.0} MiB at most",
            mebibytes(self.idle.resident),
            mebibytes(self.used.resident),
            mebibytes(self.used.peak)
        );
        println!("  start                    {:>8.0} ms", milliseconds(self.started_in));
        self.creation().print("request → answer");
        self.whole().print("request → arrival");
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
        let pieces = count(self.load.pieces.len());
        println!("  processor by part, in µs a {} (runs)", work.name());
        let mut sorted: Vec<_> = self.parts.iter().collect();
        sorted.sort_by_key(|(_, (_, microseconds))| std::cmp::Reverse(*microseconds));
        let mut known = 0.0;
        for (name, (runs, microseconds)) in sorted {
            let (runs, each) = (number(*runs) / pieces, number(*microseconds) / pieces);
            known += each;
            println!("    {name:<46} {each:>8.1} ({runs:.2})");
        }
        let rest = milliseconds(self.whole_processor()) * 1000.0 / pieces - known;
        println!("    {:<46} {rest:>8.1}", "the rest: sockets, HTTP, files, scheduling");
    }
}

impl Recovery {
    /// Prints it.
    pub(crate) fn print(&self) {
        println!("\nKill: {} acknowledged events waited when it was killed", self.waiting);
        let seconds = self.time.as_secs_f64();
        println!("  all arrived              {seconds:>8.2} s after the process was killed");
    }
}

/// In milliseconds.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// In MiB.
#[allow(clippy::cast_precision_loss, reason = "it is shown with a few digits")]
pub(crate) fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}

#[allow(clippy::cast_precision_loss, reason = "it is shown with a few digits")]
fn number(number: u64) -> f64 {
    number as f64
}

fn count(count: usize) -> f64 {
    number(count as u64)
}
