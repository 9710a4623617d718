//! The command line of the demo.

use std::path::PathBuf;

/// Runs Hookreel once from end to end: texts and scenes in, verified webhooks, checked audio
/// and a checked film out.
#[derive(Debug, clap::Parser)]
#[command(version)]
pub struct Options {
    /// Where the files and the cloud's log are put.
    #[arg(long, value_name = "FOLDER", default_value = "target/demo")]
    pub output_dir: PathBuf,
    /// The template that the cloud runs.
    #[arg(long, value_name = "FILE", default_value = "template.yaml")]
    pub template: PathBuf,
    /// The program of the embedded cloud; the one beside this program, if not given.
    #[arg(long, value_name = "PROGRAM")]
    pub cloud: Option<PathBuf>,
    /// How long all of it may take, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 180)]
    pub time_limit: u64,
}
