//! The outputs of a task, and their members in its webhook.

use axum::http::Method;
use serde_json::Value;
use tempfile::TempPath;

use super::task::SceneTask;
use crate::faults::Fault;
use crate::output::RequestedFile;
use crate::state::StudioState;
use crate::stored_file::StoredFile;

/// A finished file, which dropping this deletes.
#[derive(Debug)]
pub(crate) struct Output {
    file: StoredFile,
    /// Its URL.
    pub url: String,
    /// How often it was requested.
    pub fetches: u32,
    #[expect(dead_code, reason = "the file is deleted when this is dropped")]
    path: TempPath,
}

impl Output {
    /// Not requested yet.
    pub const fn new(file: StoredFile, url: String, path: TempPath) -> Self {
        Self { file, url, fetches: 0, path }
    }

    /// Its size in bytes.
    pub const fn bytes(&self) -> u64 {
        self.file.bytes
    }
}

/// The result of a completed task.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub outputs: Vec<Output>,
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
    let output = outputs.iter_mut().find(|output| output.file.filename == filename)?;
    output.fetches += u32::from(method == Method::GET);
    Some(RequestedFile {
        file: output.file.clone(),
        ordinal: task.ordinal,
        first: output.fetches == 1,
    })
}
