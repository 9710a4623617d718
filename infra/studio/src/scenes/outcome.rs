//! What a task has made: files, and what its report says about them.

use axum::http::Method;
use serde_json::Value;
use tempfile::TempPath;

use super::task::SceneTask;
use crate::faults::Fault;
use crate::output::Asked;
use crate::pod::Pod;
use crate::stored_file::StoredFile;

/// A finished file. It is deleted when this is dropped.
#[derive(Debug)]
pub(crate) struct Output {
    file: StoredFile,
    /// Where it can be fetched.
    pub url: String,
    /// How often it was asked for.
    pub fetches: u32,
    #[expect(dead_code, reason = "the file is deleted when this is dropped")]
    path: TempPath,
}

impl Output {
    /// Nobody has asked for it yet.
    pub const fn new(file: StoredFile, url: String, path: TempPath) -> Self {
        Self { file, url, fetches: 0, path }
    }

    /// Its size.
    pub const fn bytes(&self) -> u64 {
        self.file.bytes
    }
}

/// What a completed task has made.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub outputs: Vec<Output>,
    /// The members of the report that tell of the files, as seed 001 names them.
    pub members: Value,
}

/// The file of that name, unless a fault has made it vanish; counts the look at it.
pub(crate) fn find(pod: &Pod, filename: &str, method: &Method) -> Option<Asked> {
    let id = filename.split('.').next()?;
    let asked = pod.scenes.change(id, |task| fetch(task, filename, method)).flatten()?;
    (!pod.settings.faults.strikes(Fault::Gone, asked.ordinal)).then_some(asked)
}

fn fetch(task: &mut SceneTask, filename: &str, method: &Method) -> Option<Asked> {
    let outputs = &mut task.outcome.as_mut()?.outputs;
    let output = outputs.iter_mut().find(|output| output.file.filename == filename)?;
    output.fetches += u32::from(method == Method::GET);
    Some(Asked { file: output.file.clone(), ordinal: task.ordinal, first: output.fetches == 1 })
}
