//! Why nothing was measured.

use std::path::PathBuf;

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    /// Something of the machine did not work.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// A request got no answer.
    #[error("{0}")]
    Http(#[from] reqwest::Error),
    /// TLS cannot be set up.
    #[error("{0}")]
    Tls(#[from] rustls::Error),
    /// The program to measure is not there.
    #[error(
        "{0} is not there; build it with cargo build --profile profiling --package hookreel-local"
    )]
    NoProgram(PathBuf),
    /// The program ended or said something else than where it is.
    #[error("hookreel-local did not start")]
    NotStarted,
    /// The API refused a request.
    #[error("the API answered {0}")]
    Refused(u16),
    /// Webhooks stay away.
    #[error("{missing} webhooks did not arrive")]
    Missing {
        /// How many.
        missing: usize,
    },
    /// What the program wrote cannot be read.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
}
