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
}
