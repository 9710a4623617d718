//! What was measured, as a table.

use std::time::Duration;

use crate::cloud::{Parts, Usage};
use crate::load::Load;
use crate::options::Options;

/// All that was measured.
pub(crate) struct Measured {
    pub(crate) load: Load,
    pub(crate) idle: Usage,
    pub(crate) used: Usage,
    pub(crate) parts: Parts,
}

/// Prints it.
pub(crate) fn print(options: &Options, measured: &Measured) {
    let Measured { load, idle, used, parts } = measured;
    let jobs = count(load.jobs.len());
    let processor = used.processor.saturating_sub(idle.processor);
    println!("{} jobs, {options:?}", load.jobs.len());
    println!(
        "  created → delivered   {:>8.0} /s over {:.1} s",
        jobs / load.time.as_secs_f64(),
        load.time.as_secs_f64()
    );
    println!("  processor             {:>8.2} ms a job", milliseconds(processor) / jobs);
    println!(
        "  memory                {:>8.0} MiB idle, {:.0} MiB at the end, {:.0} MiB at most",
        mebibytes(idle.resident),
        mebibytes(used.resident),
        mebibytes(used.peak)
    );
    println!("  start                 {:>8.0} ms", milliseconds(used.started_in));
    latency("create", load.jobs.iter().map(|job| job.answered_in).collect());
    let arrivals = || load.jobs.iter().filter_map(|job| Some((job, job.arrival?)));
    latency("create → arrival", arrivals().map(|(job, one)| one.at - job.asked).collect());
    latency("event → arrival", arrivals().map(|(_, one)| one.after_event).collect());
    print_tenths(load, jobs / 10.0);
    print_parts(parts, processor, jobs);
}

fn latency(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |percent: usize| {
        times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)))
    };
    let shown = |percent| at(percent).map_or(0.0, |time| milliseconds(*time));
    println!(
        "  {what:<21} {:>8.1} ms p50, {:.1} ms p99, {:.1} ms at most",
        shown(50),
        shown(99),
        shown(100)
    );
}

/// Whether the last jobs are as quick and as cheap as the first.
fn print_tenths(load: &Load, jobs: f64) {
    let mut before = None::<(Duration, Duration)>;
    print!("  by tenths             ");
    for (time, usage) in &load.tenths {
        let (since, used) = before.unwrap_or_default();
        let rate = jobs / time.saturating_sub(since).as_secs_f64();
        let cost = milliseconds(usage.processor.saturating_sub(used)) / jobs;
        print!(" {rate:.0}/s {cost:.1}ms");
        before = Some((*time, usage.processor));
    }
    println!();
}

fn print_parts(parts: &Parts, processor: Duration, jobs: f64) {
    if parts.is_empty() {
        return;
    }
    println!("  processor by part, in µs a job (runs a job)");
    let mut sorted: Vec<_> = parts.iter().collect();
    sorted.sort_by_key(|(_, (_, microseconds))| std::cmp::Reverse(*microseconds));
    let mut known = 0.0;
    for (name, (runs, microseconds)) in sorted {
        let (runs, each) = (number(*runs) / jobs, number(*microseconds) / jobs);
        known += each;
        println!("    {name:<50} {each:>8.1} ({runs:.2})");
    }
    let rest = milliseconds(processor) * 1000.0 / jobs - known;
    println!("    {:<50} {rest:>8.1}", "the rest: sockets, HTTP, scheduling");
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[allow(clippy::cast_precision_loss, reason = "it is shown with a few digits")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}

#[allow(clippy::cast_precision_loss, reason = "it is shown with a few digits")]
fn number(number: u64) -> f64 {
    number as f64
}

fn count(count: usize) -> f64 {
    number(count as u64)
}
