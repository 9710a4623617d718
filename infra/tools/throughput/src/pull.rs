//! How fast files are pulled and stored, at what cost, and with how much memory.

use crate::client::Client;
use crate::cloud::{self, Cloud};
use crate::error::BenchError;
use crate::goals::Goals;
use crate::load::{self, Plan, Targets};
use crate::options::{Options, Work};
use crate::provider::Provider;
use crate::receiver::Receiver;
use crate::report::{count, mebibytes};

/// How many files of how many bytes are pulled at the same time.
const FILES: [(usize, u32); 3] = [(10, 50_000_000), (1, 1_000_000_000), (1, 4_000_000_000)];

/// What files of one size took.
struct Pulled {
    files: usize,
    bytes: u32,
    /// Megabytes pulled and stored a second.
    rate: f64,
    /// Processor time in seconds for a GB, that of the provider not included.
    processor: f64,
    /// Peak memory, in MiB.
    peak: f64,
}

/// Measures each size with a cloud of its own, prints it, and adds the figures that have a goal.
pub(crate) async fn measure(options: &Options, goals: &mut Goals) -> Result<(), BenchError> {
    println!("\nPull: files pulled from their provider and stored");
    let mut all = Vec::new();
    for (files, bytes) in FILES {
        let pulled = pull(files, bytes, options).await?;
        let Pulled { rate, processor, peak, .. } = pulled;
        println!(
            "  {:>2} of {:>4} MB {rate:>8.0} MB/s, {processor:.2} s of processor time a GB, {peak:.0} MiB at most",
            pulled.files,
            pulled.bytes / 1_000_000
        );
        all.push(pulled);
    }
    let worst = |figure: fn(&Pulled) -> f64| all.iter().map(figure).fold(0.0, f64::max);
    let slowest = all.iter().map(|pulled| pulled.rate).fold(f64::INFINITY, f64::min);
    goals.at_least("files pulled and stored", slowest, 250.0, "MB/s");
    goals.at_most("processor time a GB of files", worst(|pulled| pulled.processor), 5.0, "s");
    goals.at_most("memory while files are pulled", worst(|pulled| pulled.peak), 250.0, "MiB");
    Ok(())
}

async fn pull(files: usize, bytes: u32, options: &Options) -> Result<Pulled, BenchError> {
    let provider = Provider::with_sound_of(bytes).await?;
    let receiver = Receiver::start(false).await?;
    let mut cloud = Cloud::start(options, provider.url(), false).await?;
    let client = Client::new(cloud.api_url(), cloud::API_KEY)?;
    let targets = Targets::new(Work::Job, &client, &receiver).await?;
    let plan = Plan { work: Work::Job, items: files, under_way: files, rate: None };
    let before = cloud.usage()?;
    let load = load::run(&plan, &client, &targets, &cloud).await?;
    let used = cloud.usage()?;
    cloud.stop().await?;
    if load.arrived().count() < files {
        return Err(BenchError::Missing { missing: files - load.arrived().count() });
    }
    let gigabytes = f64::from(bytes) / 1e9 * count(files);
    Ok(Pulled {
        files,
        bytes,
        rate: gigabytes * 1000.0 / load.time.as_secs_f64(),
        processor: used.processor.saturating_sub(before.processor).as_secs_f64() / gigabytes,
        peak: mebibytes(used.peak),
    })
}
