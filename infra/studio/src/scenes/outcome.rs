//! The outputs of a task, and their members in its webhook.

use axum::http::Method;
use serde_json::Value;

use super::task::SceneTask;
use crate::faults::Fault;
use crate::output::{KeptFile, RequestedFile};
use crate::state::StudioState;

/// The result of a completed task.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub outputs: Vec<KeptFile>,
    /// The members that describe the outputs in the scene service webhook.
    pub members: Value,
}

/// The file of that name, unless it vanished by a fault; counts the request.
pub(crate) fn find(studio: &StudioState, filename: &str, method: &Method) -> Option<RequestedFile> {
    let id = filename.split('.').next()?;
    let requested = studio.scenes.change(id, |task| fetch(task, filename, method)).flatten()?;
    (!studio.settings.faults.occurs(Fault::Gone, requested.ordinal)).then_some(requested)
}

fn fetch(task: &mut SceneTask, filename: &str, method: &Method) -> Option<RequestedFile> {
    let outputs = &mut task.outcome.as_mut()?.outputs;
    let output = outputs.iter_mut().find(|output| output.is_named(filename))?;
    Some(output.request(task.ordinal, method))
}
