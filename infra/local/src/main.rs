//! Wiring of the program `hookreel-local`.

use std::process::ExitCode;

use clap::Parser;
use hookreel_local::program::{self, Options};

#[tokio::main]
async fn main() -> ExitCode {
    program::run(Options::parse()).await
}
