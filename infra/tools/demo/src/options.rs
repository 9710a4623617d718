//! The command line of the demo.

use std::path::PathBuf;

/// Runs Hookreel once from end to end: submits texts and scenes, verifies the webhooks, and checks
/// the audio and the film.
#[derive(Debug, clap::Parser)]
#[command(version)]
pub struct Options {
    /// The folder for the files and the cloud's log.
    #[arg(long, value_name = "FOLDER", default_value = "target/demo")]
    pub output_dir: PathBuf,
    /// The template that the cloud runs.
    #[arg(long, value_name = "FILE", default_value = "template.yaml")]
    pub template: PathBuf,
    /// The program of the embedded cloud; the one beside this program by default.
    #[arg(long, value_name = "PROGRAM")]
    pub cloud: Option<PathBuf>,
    /// The time limit of the whole demo, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 180)]
    pub time_limit: u64,
    /// Drops every webhook of every provider: all completes by polling.
    #[arg(long, conflicts_with = "double_webhooks")]
    pub drop_webhooks: bool,
    /// Sends every webhook of every provider twice, while its task is polled: nothing happens twice.
    #[arg(long)]
    pub double_webhooks: bool,
}

impl Options {
    /// The options of the cloud for what is to happen to providers' webhooks.
    pub(crate) const fn faults(&self) -> &'static [&'static str] {
        match (self.drop_webhooks, self.double_webhooks) {
            (true, _) => &["--drop-webhooks", "1"],
            (_, true) => &["--duplicate-webhooks", "1"],
            (false, false) => &[],
        }
    }

    /// Its variables for that: Replicate is asked for webhooks though the address is not public, and
    /// all others are polled every second, half of this time.
    pub(crate) fn variables(&self) -> &'static [(&'static str, &'static str)] {
        if self.faults().is_empty() {
            return &[];
        }
        &[("REPLICATE_WEBHOOKS", "always"), ("DOWNLOAD_CONFIRMATION_TIMEOUT", "2")]
    }
}
