//! Why a clipping task failed. The texts are in its webhook.

use std::io;

use super::source::SourceError;
use crate::program::ProgramError;
use crate::scenes::FetchError;

/// Why a clipping task failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum ClippingError {
    #[error("Failed to download video: the address {0}")]
    Fetch(#[from] FetchError),
    #[error("Failed to read video: {0}")]
    Source(#[from] SourceError),
    #[error("Failed to render clips: {0}")]
    Program(#[from] ProgramError),
    #[error("Failed to store clips: {0}")]
    Io(#[from] io::Error),
    /// A fault occurred.
    #[error("Failed to find scenes: the task failed by a fault")]
    Fault,
}
