//! The output of a task, in which texts such as `file:png` stand for files, and such as `text:1000` for
//! texts of so many characters.

use domain::InvalidField;
use serde_json::{Value, json};

use super::catalog::version_id;
use super::media::{self, FileKind};
use super::submission::Submission;
use crate::engine::SpeechError;
use crate::output::KeptFile;
use crate::program::ProgramError;
use crate::state::StudioState;

const FILE: &str = "file:";
const TEXT: &str = "text:";
/// Longest such text.
const TEXT_CHARACTERS: usize = 64 * 1024 * 1024;

/// Why no output was made.
#[derive(Debug, thiserror::Error)]
pub(super) enum OutputError {
    #[error("the input's output names the unknown kind of file {0:?}")]
    Kind(String),
    #[error(transparent)]
    Text(#[from] InvalidField),
    #[error(transparent)]
    Program(#[from] ProgramError),
    #[error(transparent)]
    Speech(#[from] SpeechError),
    #[error("a file could not be used: {0}")]
    Io(#[from] std::io::Error),
}

/// An output and its files.
pub(super) struct Made {
    pub output: Value,
    pub files: Vec<KeptFile>,
}

/// Makes the output of task `id`.
pub(super) async fn make(
    studio: &StudioState,
    id: &str,
    submission: &Submission,
) -> Result<Made, OutputError> {
    let _permit = studio.workers.acquire().await;
    let mut output = match &submission.destination {
        Some(destination) => trained(studio, id, destination),
        None => submission.input.get("output").cloned().unwrap_or_else(|| json!(["file:png"])),
    };
    let mut kinds = Vec::new();
    walk(&mut output, &mut |text| kinds.extend(text.strip_prefix(FILE).map(str::to_owned)));
    let prompt = submission.input.get("prompt").and_then(Value::as_str).unwrap_or("A simulation.");
    let mut files = Vec::new();
    for (place, name) in kinds.into_iter().enumerate() {
        let kind = FileKind::named(&name).ok_or(OutputError::Kind(name))?;
        files.push(media::make(studio, &format!("{id}-{place}"), kind, prompt).await?);
    }
    let mut urls = files.iter().map(|file| file.url.clone());
    walk(&mut output, &mut |text| {
        if text.starts_with(FILE) {
            *text = urls.next().unwrap_or_default();
        } else if let Some(characters) = text.strip_prefix(TEXT).and_then(|n| n.parse().ok()) {
            *text = "x".repeat(TEXT_CHARACTERS.min(characters));
        }
    });
    Ok(Made { output, files })
}

/// The output of a training, whose version is in the catalog from now on.
fn trained(studio: &StudioState, id: &str, destination: &str) -> Value {
    let version = version_id(id);
    let now = studio.settings.replicate.clock.now();
    studio.replicate.catalog.add_version(destination, version.clone(), now);
    json!({ "version": format!("{destination}:{version}"), "weights": "file:safetensors" })
}

/// Calls `visit` with each text in `value`, in a fixed order.
pub(super) fn walk(value: &mut Value, visit: &mut impl FnMut(&mut String)) {
    match value {
        Value::String(text) => visit(text),
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, visit)),
        Value::Object(members) => members.values_mut().for_each(|member| walk(member, visit)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
