//! The command line, and the scenarios.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Measures the embedded cloud, from requests to delivered webhooks.
#[derive(Debug, Clone, Parser)]
#[command(name = "bench-throughput", version)]
pub(crate) struct Options {
    /// The scenarios to measure, in this order; all by default.
    #[arg(value_enum)]
    pub(crate) scenarios: Vec<Scenario>,
    /// How many jobs to create in the scenario `jobs`; the others use a tenth of it.
    #[arg(long, default_value_t = 100_000)]
    pub(crate) jobs: usize,
    /// How many jobs may be in progress at a time; as many as the cloud can use saturate it.
    #[arg(long, default_value_t = 256)]
    pub(crate) under_way: usize,
    /// Measure the processor time of each part in every scenario, at some cost of its own.
    #[arg(long)]
    pub(crate) meter: bool,
    /// The program to measure; the one beside this program by default.
    #[arg(long)]
    pub(crate) program: Option<PathBuf>,
}

/// A scenario, with a cloud of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// Events that cause one webhook each and nothing else, at full load.
    Events,
    /// Events at half of that rate, for their latency.
    HalfLoad,
    /// Whole jobs: created, dispatched, their file pulled and stored, their webhook delivered.
    Jobs,
    /// Fewer jobs, with the processor time of each part.
    Parts,
    /// Jobs, a fifth of which have misbehaving receivers.
    Misbehaving,
    /// Events of one owner while the receivers of another hang.
    NoisyNeighbour,
    /// Large files.
    Pull,
    /// Events, with the process killed and restarted halfway.
    Kill,
}

impl Scenario {
    /// All scenarios, in their default order.
    pub(crate) const ALL: [Self; 8] = [
        Self::Events,
        Self::HalfLoad,
        Self::Jobs,
        Self::Parts,
        Self::Misbehaving,
        Self::NoisyNeighbour,
        Self::Pull,
        Self::Kill,
    ];

    /// The kind of work in the scenario.
    pub(crate) const fn work(self) -> Work {
        match self {
            Self::Events | Self::HalfLoad | Self::NoisyNeighbour | Self::Kill => Work::Event,
            Self::Jobs | Self::Parts | Self::Misbehaving | Self::Pull => Work::Job,
        }
    }
}

/// A kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// A job.
    Job,
    /// A test event: one change of state, one webhook.
    Event,
}

impl Work {
    /// Its name in the report.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Job => "job",
            Self::Event => "event",
        }
    }
}
