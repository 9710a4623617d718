//! The program `hookreel`: runs one command.

use std::process::ExitCode;

use clap::Parser;
use hookreel_cli::{Options, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hookreel: {}", error.with_causes());
            ExitCode::FAILURE
        }
    }
}
