//! Why a measurement failed.

use std::path::PathBuf;

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    /// A file, a process or a socket failed.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// A request had no answer.
    #[error("{0}")]
    Http(#[from] reqwest::Error),
    /// TLS cannot be set up.
    #[error("{0}")]
    Tls(#[from] rustls::Error),
    /// The program to measure does not exist.
    #[error(
        "{0} is not there; build it with cargo build --profile profiling --package hookreel-local"
    )]
    NoProgram(PathBuf),
    /// The program ended before it logged its URL.
    #[error("hookreel-local did not start")]
    NotStarted,
    /// The operator's command created no key.
    #[error("no API key was created; is the operator's command beside hookreel-local?")]
    NoKey,
    /// The API refused a request.
    #[error("the API answered {0}")]
    Refused(u16),
    /// Webhooks did not arrive in time.
    #[error("{missing} webhooks did not arrive")]
    Missing {
        /// How many.
        missing: usize,
    },
    /// The output of the program cannot be parsed.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
}
