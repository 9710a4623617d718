//! Everything that can go wrong, in plain words, each with a hint at what to look at.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use signing::Unverified;

/// Why the demo failed.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The program of the embedded cloud is not there.
    #[error("the embedded cloud {} cannot be started ({source})", program.display())]
    CloudNotStarted {
        /// What was to be run.
        program: PathBuf,
        /// Why it was not.
        source: io::Error,
    },
    /// The embedded cloud ended by itself.
    #[error("the embedded cloud ended by itself ({status}); its last words were:\n{last_words}")]
    CloudEnded {
        /// How.
        status: ExitStatus,
        /// The end of its log.
        last_words: String,
        /// Where all of its log is.
        log: PathBuf,
    },
    /// A request had no answer.
    #[error("{what} had no answer ({source})")]
    NoAnswer {
        /// Which request.
        what: &'static str,
        /// Why.
        source: reqwest::Error,
    },
    /// A request was answered, but not as it should be.
    #[error("{what} was answered with {status}: {body}")]
    WrongAnswer {
        /// Which request.
        what: &'static str,
        /// The status code.
        status: u16,
        /// The answer's beginning.
        body: String,
    },
    /// A job did not complete.
    #[error("the job {job} did not complete: {reason}")]
    JobFailed {
        /// What the demo calls it.
        job: &'static str,
        /// Why.
        reason: String,
    },
    /// A webhook came that is not signed as it should be.
    #[error("a webhook came whose {scheme} signature is wrong: {source}")]
    Unsigned {
        /// Which of the two schemes.
        scheme: &'static str,
        /// What is wrong with it.
        source: Unverified,
    },
    /// A webhook came whose body is not what was agreed.
    #[error("a webhook came that cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// The file is not what the webhook announced.
    #[error("the file of {job} is not what was announced: {what} is {found}, not {announced}")]
    Mismatch {
        /// What the demo calls the job.
        job: &'static str,
        /// What differs.
        what: &'static str,
        /// What the webhook said.
        announced: String,
        /// What the file says.
        found: String,
    },
    /// The file is no WAV that plays.
    #[error("the file of {job} cannot be played: {reason}")]
    NotAudio {
        /// What the demo calls the job.
        job: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A file, folder or port of this machine is not to be had.
    #[error("{what} cannot be used ({source})")]
    Machine {
        /// Which.
        what: String,
        /// Why.
        source: io::Error,
    },
    /// The client or the receiver could not be set up.
    #[error("the demo cannot set itself up ({0})")]
    Setup(String),
    /// The time was up.
    #[error("it was not done within {0} seconds")]
    TimeLimit(u64),
    /// Somebody asked it to stop.
    #[error("it was stopped before it was done")]
    Interrupted,
}

impl DemoError {
    /// What to look at.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::CloudNotStarted { .. } => {
                "build it with `cargo build -p hookreel-local`, or name it with --cloud".into()
            }
            Self::CloudEnded { log, .. } => format!("read its log, {}", log.display()),
            Self::NoAnswer { .. } | Self::WrongAnswer { .. } | Self::TimeLimit(_) => {
                "read hookreel-local.log in the output folder, from its end".into()
            }
            Self::JobFailed { .. } => {
                "the reason is the provider's or ours; hookreel-local.log has each step".into()
            }
            Self::Unsigned { .. } | Self::Unreadable(_) => {
                "compare what `deliver` sends with docs/WEBHOOKS_GUIDE.md".into()
            }
            Self::Mismatch { .. } | Self::NotAudio { .. } => {
                "the file is kept in the output folder; compare it with what `ingest` logged".into()
            }
            Self::Machine { .. } | Self::Setup(_) => {
                "make it available, or choose another with an option; see --help".into()
            }
            Self::Interrupted => "run it again when you have a moment; nothing was left".into(),
        }
    }
}
