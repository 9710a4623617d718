//! The result of a completed task.

use super::scene::Scene;
use crate::output::KeptFile;

/// The result of a completed task.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The clips in their order, the transcript, the plan.
    pub outputs: Vec<KeptFile>,
    pub(super) clips: Vec<Clip>,
    pub title: String,
    pub processing_seconds: f64,
}

/// A finished clip.
#[derive(Debug)]
pub(super) struct Clip {
    pub scene: Scene,
    /// As measured in its file.
    pub duration_ms: u64,
}
