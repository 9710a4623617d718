//! Why a scene task did not complete. The texts are shown to the customer.

use std::io;

use super::fetch::FetchError;
use crate::program::ProgramError;

/// Why a scene task did not complete.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SceneError {
    /// An input could not be downloaded. `field` names it as the request does.
    #[error("{field} {source}")]
    Fetch { field: String, source: FetchError },
    /// An input is no video.
    #[error("{field} is not a video that can be read: {source}")]
    NotVideo { field: String, source: ProbeError },
    /// Scenes would lie over each other whole.
    #[error("transition.duration must be shorter than every scene")]
    TransitionTooLong,
    #[error(transparent)]
    Program(#[from] ProgramError),
    #[error("a file could not be used: {0}")]
    Io(#[from] io::Error),
    /// A fault struck.
    #[error("the task failed on purpose")]
    Fault,
    /// The prompt said so.
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
