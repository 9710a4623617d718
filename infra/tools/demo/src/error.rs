//! The errors of the demo, each with a hint.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use signing::Unverified;

/// Why the demo failed.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The program of the embedded cloud cannot be started.
    #[error("the embedded cloud {} cannot be started ({source})", program.display())]
    CloudStartFailed {
        /// The program.
        program: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The embedded cloud ended by itself.
    #[error("the embedded cloud ended by itself ({status}); the end of its log:\n{last_lines}")]
    CloudEnded {
        /// Its status.
        status: ExitStatus,
        /// The end of its log.
        last_lines: String,
        /// The path of its log.
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
    /// A request had an unexpected answer.
    #[error("{what} was answered with {status}: {body}")]
    WrongAnswer {
        /// Which request.
        what: &'static str,
        /// The status code.
        status: u16,
        /// The beginning of the answer.
        body: String,
    },
    /// A job did not complete.
    #[error("the job {job} did not complete: {reason}")]
    JobFailed {
        /// The demo's name for it.
        job: &'static str,
        /// Why.
        reason: String,
    },
    /// The live events of a job are not those that must come.
    #[error("the live events are wrong: {reason}")]
    Live {
        /// What is wrong with them.
        reason: String,
    },
    /// A webhook has a wrong signature.
    #[error("a webhook has a wrong {scheme} signature: {source}")]
    BadSignature {
        /// The signature scheme.
        scheme: &'static str,
        /// What is wrong with it.
        source: Unverified,
    },
    /// The body of a webhook cannot be parsed.
    #[error("the body of a webhook cannot be parsed: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// The file differs from what the webhook says.
    #[error("the file of {job} is not what was announced: {what} is {found}, not {announced}")]
    Mismatch {
        /// The demo's name for the job.
        job: &'static str,
        /// What differs.
        what: &'static str,
        /// The value in the webhook.
        announced: String,
        /// The value of the file.
        found: String,
    },
    /// The file is not a valid WAV.
    #[error("the file of {job} cannot be played: {reason}")]
    NotAudio {
        /// The demo's name for the job.
        job: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Something happened more or less often than it must.
    #[error("{what} is {found}, not {expected}")]
    NotOnce {
        /// What was counted.
        what: String,
        /// How often it must happen.
        expected: usize,
        /// How often it did.
        found: usize,
    },
    /// A file, folder, port or program of this machine cannot be used.
    #[error("{what} cannot be used ({source})")]
    Resource {
        /// Which.
        what: String,
        /// Why.
        source: io::Error,
    },
    /// The client or the receiver could not be set up.
    #[error("the demo cannot set itself up ({0})")]
    Setup(String),
    /// The time limit has passed.
    #[error("it did not complete within {0} seconds")]
    TimeLimit(u64),
    /// A signal stopped it.
    #[error("it was stopped before it completed")]
    Interrupted,
}

impl DemoError {
    /// What to do.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::CloudStartFailed { .. } => {
                "build it with `cargo build -p hookreel-local`, or name it with --cloud".into()
            }
            Self::CloudEnded { log, .. } => format!("read its log, {}", log.display()),
            Self::NoAnswer { .. } | Self::WrongAnswer { .. } | Self::TimeLimit(_) => {
                "read hookreel-local.log in the output folder, from its end".into()
            }
            Self::JobFailed { .. } | Self::NotOnce { .. } | Self::Live { .. } => {
                "hookreel-local.log in the output folder has each step".into()
            }
            Self::BadSignature { .. } | Self::Unreadable(_) => {
                "compare what `deliver` sends with docs/WEBHOOKS_GUIDE.md".into()
            }
            Self::Mismatch { .. } | Self::NotAudio { .. } => {
                "the file is kept in the output folder; compare it with what `ingest` logged".into()
            }
            Self::Resource { .. } | Self::Setup(_) => {
                "make it available, or choose another with an option; see --help".into()
            }
            Self::Interrupted => "run it again; it left nothing running".into(),
        }
    }
}
