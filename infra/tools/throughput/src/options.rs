//! What to measure.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Measures the embedded cloud from what clients ask for to webhooks delivered.
#[derive(Debug, Clone, Parser)]
#[command(name = "bench-throughput", version)]
pub(crate) struct Options {
    /// What to measure, one after another; everything if not given.
    #[arg(value_enum)]
    pub(crate) scenes: Vec<Scene>,
    /// How many jobs to create in the scene `jobs`; a tenth of them in the others.
    #[arg(long, default_value_t = 100_000)]
    pub(crate) jobs: usize,
    /// How many may be under way at a time; with as many as the cloud can use, it is saturated.
    #[arg(long, default_value_t = 256)]
    pub(crate) under_way: usize,
    /// Measure what each part takes of the processor in every scene, which itself takes some.
    #[arg(long)]
    pub(crate) meter: bool,
    /// The program to measure; the one beside this one if not given.
    #[arg(long)]
    pub(crate) program: Option<PathBuf>,
}

/// One thing to measure, with a cloud of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scene {
    /// Changes of state that make one webhook each and nothing else, as many as can be.
    Events,
    /// The same at half that speed, for how long each takes.
    HalfLoad,
    /// Whole jobs: created, dispatched, their file fetched and stored, their webhook sent.
    Jobs,
    /// Fewer of them, with what each part takes of the processor.
    Parts,
    /// Jobs, a fifth of which go to receivers that misbehave.
    Misbehaving,
    /// Changes of state, in the midst of which the process is killed and started again.
    Kill,
}

impl Scene {
    /// Every scene, in the order in which they are played.
    pub(crate) const ALL: [Self; 6] =
        [Self::Events, Self::HalfLoad, Self::Jobs, Self::Parts, Self::Misbehaving, Self::Kill];

    /// What a client asks for in it.
    pub(crate) const fn work(self) -> Work {
        match self {
            Self::Events | Self::HalfLoad | Self::Kill => Work::Event,
            Self::Jobs | Self::Parts | Self::Misbehaving => Work::Job,
        }
    }
}

/// What a client asks for, again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// A job.
    Job,
    /// One delivery to an endpoint: one change of state, one webhook.
    Event,
}

impl Work {
    /// One of them, for people.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Job => "job",
            Self::Event => "event",
        }
    }
}
