//! Measures the cold starts of functions' programs: the time from exec to the first request for an
//! invocation, and the first answers.
//!
//! `bench-coldstart <starts> <program> <event.json> …` prints one JSON object per program. The
//! programs alternate, so that other load on the machine affects all alike. They get this process's
//! environment, with a Runtime API and an endpoint of AWS on this machine.

mod dynamodb;
mod message;
mod run;

use std::process::ExitCode;

use serde_json::json;

use crate::run::{BenchError, Start};

/// Warm invocations per start, after the cold one.
const WARM: usize = 20;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match measure(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-coldstart: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &[String]) -> Result<(), BenchError> {
    let [starts, programs @ ..] = arguments else { return Err(BenchError::Usage) };
    let starts: usize = starts.parse().map_err(|_| BenchError::Usage)?;
    let endpoint = dynamodb::serve()?;
    let mut measured = programs.chunks(2).map(Measured::new).collect::<Result<Vec<_>, _>>()?;
    // The first start of each reads it from the disk, where Lambda has caches of its own.
    for turn in 0..=starts {
        for program in &mut measured {
            let start = run::once(&program.path, &program.event, &endpoint, WARM)?;
            if turn > 0 {
                program.starts.push(start);
            }
        }
    }
    for program in &measured {
        println!("{}", program.report());
    }
    Ok(())
}

/// A program, its event and its measured starts.
struct Measured {
    path: String,
    event: Vec<u8>,
    starts: Vec<Start>,
}

impl Measured {
    fn new(arguments: &[String]) -> Result<Self, BenchError> {
        let [path, event] = arguments else { return Err(BenchError::Usage) };
        Ok(Self { path: path.clone(), event: std::fs::read(event)?, starts: Vec::new() })
    }

    fn report(&self) -> serde_json::Value {
        json!({
            "program": self.path,
            "init_us": self.median(|start| start.init_us),
            "init_least_us": self.least(|start| start.init_us),
            "init_cpu_us": self.least(|start| start.init_cpu_us),
            "first_us": self.least(|start| start.first_us),
            "warm_us": self.least(|start| start.warm_us),
            "init_rss_kib": self.median(|start| start.init_rss_kib),
            "rss_kib": self.median(|start| start.rss_kib),
            "answer": self.starts.last().map(|start| start.answer.as_str()),
        })
    }

    /// The least is the time without interference.
    fn least(&self, value: fn(&Start) -> u64) -> Option<u64> {
        self.starts.iter().map(value).min()
    }

    fn median(&self, value: fn(&Start) -> u64) -> Option<u64> {
        let mut values: Vec<u64> = self.starts.iter().map(value).collect();
        values.sort_unstable();
        values.get(values.len() / 2).copied()
    }
}
