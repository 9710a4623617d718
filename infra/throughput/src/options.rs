//! What to measure.

use std::path::PathBuf;

use clap::Parser;

/// Measures the embedded cloud from jobs created to webhooks delivered.
#[derive(Debug, Clone, Parser)]
#[command(name = "bench-throughput", version)]
pub(crate) struct Options {
    /// How many jobs to create.
    #[arg(long, default_value_t = 100_000)]
    pub(crate) jobs: usize,
    /// How many may be under way at a time; with as many as the cloud can use, it is saturated.
    #[arg(long, default_value_t = 256)]
    pub(crate) under_way: usize,
    /// Jobs a second to create, evenly; as many as it takes if not given.
    #[arg(long)]
    pub(crate) rate: Option<f64>,
    /// End each job as soon as it is created, so that what is left is one change of state and one
    /// webhook.
    #[arg(long)]
    pub(crate) cancel: bool,
    /// Send every fifth job's webhook to a receiver that misbehaves: one that hangs, one that
    /// answers 500, one that takes no connection.
    #[arg(long)]
    pub(crate) misbehaving: bool,
    /// Measure what each part takes of the processor.
    #[arg(long)]
    pub(crate) meter: bool,
    /// The program to measure; the one beside this one if not given.
    #[arg(long)]
    pub(crate) program: Option<PathBuf>,
}
