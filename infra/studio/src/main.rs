//! The program `hookreel-studio`: serves as its options say until SIGINT or SIGTERM.

use std::process::ExitCode;

use clap::Parser;
use hookreel_studio::{Options, run};

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hookreel-studio: {error}");
            ExitCode::FAILURE
        }
    }
}
