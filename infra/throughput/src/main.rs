//! `bench-throughput`: how many jobs a second the embedded cloud takes from text to webhook, how
//! long each waits, and what it costs in processor time and memory. Client, provider and receiver
//! are in this process; `hookreel-local` runs as a process of its own, and is what is measured.

mod client;
mod cloud;
mod error;
mod load;
mod options;
mod provider;
mod receiver;
mod report;

use std::process::ExitCode;

use clap::Parser;

use crate::error::BenchError;
use crate::options::Options;

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-throughput: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> Result<(), BenchError> {
    let provider = provider::Provider::start().await?;
    let receiver = receiver::Receiver::start(options.misbehaving).await?;
    let mut cloud = cloud::Cloud::start(options, provider.url()).await?;
    let idle = cloud.usage()?;
    let client = client::Client::new(cloud.api_url(), cloud::API_KEY)?;
    let load = load::run(options, &client, &receiver, &cloud).await?;
    let used = cloud.usage()?;
    let parts = cloud.stop().await?;
    report::print(options, &report::Measured { load, idle, used, parts });
    Ok(())
}
