//! Invokes each function's program, as deployed, in AWS's runtime interface emulator with every
//! sample event, against the embedded AWS, and compares each answer with the tests' snapshot.

mod emulator;
mod expected;
mod outcome;
mod resigned;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use futures::{StreamExt, stream};
use tests::samples;

use crate::outcome::{Outcome, invoke};

/// How many programs run concurrently.
const CONCURRENCY: usize = 4;

/// Invokes every function with every sample event.
#[derive(Debug, Parser)]
struct Options {
    /// AWS's runtime interface emulator.
    #[arg(long)]
    emulator: PathBuf,
    /// The folder that holds `<function>/bootstrap`.
    #[arg(long)]
    programs: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    // The client needs a TLS provider, though nothing here uses TLS. A second install is ignored.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (emulator, programs): (&Path, &Path) = (&options.emulator, &options.programs);
    let mut outcomes = stream::iter(samples::cases())
        .map(|(function, case)| async move {
            let program = programs.join(&function).join("bootstrap");
            let name = format!("{function}/{}", samples::stem(&case));
            (name, invoke(emulator, &program, &function, &case).await)
        })
        .buffered(CONCURRENCY);
    let (mut passed, mut failed) = (0, 0);
    while let Some((name, outcome)) = outcomes.next().await {
        let (good, line) = match outcome {
            Ok(Outcome::AsExpected) => (true, "as expected".to_owned()),
            Ok(Outcome::Different(lines)) => (false, format!("DIFFERENT\n{lines}")),
            Err(error) => (false, format!("FAILED: {error}")),
        };
        println!("{name}: {line}");
        *(if good { &mut passed } else { &mut failed }) += 1;
    }
    println!("{passed} passed, {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
