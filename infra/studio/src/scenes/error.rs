//! Why a scene task did not complete. The texts are shown to the client.

use std::io;

use super::fetch::FetchError;
use crate::program::ProgramError;

/// Why a scene task did not complete.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SceneError {
    /// An input could not be downloaded. `field` is its name in the request.
    #[error("{field} {source}")]
    Fetch { field: String, source: FetchError },
    /// An input is not a video.
    #[error("{field} is not a video that can be read: {source}")]
    NotVideo { field: String, source: ProbeError },
    /// A transition would cover a whole scene.
    #[error("transition.duration must be shorter than every scene")]
    TransitionTooLong,
    #[error(transparent)]
    Program(#[from] ProgramError),
    #[error("a file could not be used: {0}")]
    Io(#[from] io::Error),
    /// A fault occurred.
    #[error("the task failed by a fault")]
    Fault,
    /// The prompt asks for it.
    #[error("the prompt asks for a failure")]
    Prompted,
    #[error("cancelled")]
    Cancelled,
}

/// Why a video could not be measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProbeError {
    #[error(transparent)]
    Program(#[from] ProgramError),
    #[error("it has no picture")]
    NoPicture,
}
