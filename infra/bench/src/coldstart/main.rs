//! Starts a function's program again and again, each time anew, and measures what Lambda would
//! wait for: the time from its start to its first question for work, and its first answers.
//!
//! `bench-coldstart <program> <event.json> <starts>` prints one JSON object. The environment of
//! the program is this one's, with a Runtime API and an endpoint of AWS on this machine.

mod dynamodb;
mod message;
mod run;

use std::process::ExitCode;

use serde_json::json;

use crate::run::{BenchError, Start};

/// Warm invocations for each start. The first of them comes after the cold one.
const WARM: usize = 20;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [program, event, starts] = arguments.as_slice() else {
        eprintln!("usage: bench-coldstart <program> <event.json> <starts>");
        return ExitCode::FAILURE;
    };
    match measure(program, event, starts) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("bench-coldstart: {program}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(program: &str, event: &str, starts: &str) -> Result<serde_json::Value, BenchError> {
    let event = std::fs::read(event)?;
    let starts: usize = starts.parse().map_err(|_| BenchError::Starts)?;
    let endpoint = dynamodb::serve()?;
    // The first start reads the program from the disk, which Lambda's own cache does there.
    run::once(program, &event, &endpoint, WARM)?;
    let runs = (0..starts)
        .map(|_| run::once(program, &event, &endpoint, WARM))
        .collect::<Result<Vec<Start>, _>>()?;
    let median = |value: fn(&Start) -> u64| {
        let mut values: Vec<u64> = runs.iter().map(value).collect();
        values.sort_unstable();
        values.get(values.len() / 2).copied()
    };
    Ok(json!({
        "init_us": median(|start| start.init_us),
        "first_us": median(|start| start.first_us),
        "warm_us": median(|start| start.warm_us),
        "init_rss_kib": median(|start| start.init_rss_kib),
        "rss_kib": median(|start| start.rss_kib),
        "answer": runs.last().map(|start| start.answer.as_str()),
    }))
}
