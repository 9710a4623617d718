//! The program `hookreel-demo`: runs the demo and prints its report or its error.

use std::process::ExitCode;

use clap::Parser;
use hookreel_demo::{Options, run};

// One thread, because the kernel ends the cloud with the thread that started it.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("\nThe demo failed: {error}\nWhat to do: {}", error.hint());
            ExitCode::FAILURE
        }
    }
}
