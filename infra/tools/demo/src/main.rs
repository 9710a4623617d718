//! The program: shows the demo, and says plainly how it went.

use std::process::ExitCode;

use clap::Parser;
use hookreel_demo::{Options, run};

// One thread: the cloud is tied to the life of the thread that starts it.
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
