//! What a model returns: any JSON, searched for files. A file is a text that is nothing but a URL;
//! whether it is fetched depends on its host, since other URLs are only mentioned.

use std::collections::HashSet;

use domain::job::source::is_inline;
use domain::job::{ErrorCode, FileRole, JobError, Source, SourceFile};
use serde_json::Value;

use crate::body::url_text;
use crate::{TaskResult, TaskStatus};

/// Longest output that is kept as JSON, in bytes: it lies in the job's item.
const RESULT_BYTES: usize = 160 * 1024;
/// Longest file within the output itself, as a `data:` URL, in bytes; it lies there too.
const INLINE_BYTES: usize = 128 * 1024;
/// What an output without a member's name is called.
const NAME: &str = "output";
/// Longest name of a file that is made of the members it lies in, in bytes.
const NAME_BYTES: usize = 64;

/// The status of a task that has succeeded with `output`.
pub(super) fn result(output: &Value) -> TaskStatus {
    if is_training(output) {
        // The weights stay with the provider, as a version of the model.
        return succeeded(Vec::new(), output.clone());
    }
    let mut search = Search::default();
    search.search(output);
    let Search { found: files, shown, too_large, .. } = search;
    let json = shown.unwrap_or_else(|| output.clone());
    let size = json.to_string().len();
    if too_large || size > RESULT_BYTES && files.is_empty() {
        let message = "The model's output is too large to keep and is no file at the provider.";
        return TaskStatus::Failed(JobError::new(ErrorCode::FileInvalid, message));
    }
    succeeded(files, if size > RESULT_BYTES { Value::Null } else { json })
}

fn succeeded(files: Vec<SourceFile>, result: Value) -> TaskStatus {
    let source = Source { files, confirmation_url: None };
    TaskStatus::Succeeded(TaskResult {
        source,
        result: Some(result).filter(|json| !json.is_null()),
    })
}

/// Whether `output` is a training's: a version, and where its weights are.
fn is_training(output: &Value) -> bool {
    output.get("version").is_some_and(Value::is_string) && output.get("weights").is_some()
}

/// The files in an output.
#[derive(Default)]
struct Search {
    found: Vec<SourceFile>,
    names: HashSet<String>,
    /// The output without the bytes of the files that lay within it.
    shown: Option<Value>,
    too_large: bool,
}

impl Search {
    fn search(&mut self, value: &Value) {
        self.walk(value, &mut Vec::new());
        if self.found.iter().any(SourceFile::is_inline) {
            let mut shown = value.clone();
            without_bytes(&mut shown);
            self.shown = Some(shown);
        }
    }

    fn walk(&mut self, value: &Value, path: &mut Vec<String>) {
        match value {
            Value::String(text) => self.text(text.trim(), path),
            Value::Array(list) => {
                for (index, value) in list.iter().enumerate() {
                    path.push(index.to_string());
                    self.walk(value, path);
                    path.pop();
                }
            }
            Value::Object(object) => {
                for (name, value) in object {
                    path.push(name.clone());
                    self.walk(value, path);
                    path.pop();
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn text(&mut self, text: &str, path: &[String]) {
        let role = if is_inline(text) {
            self.too_large |= text.len() > INLINE_BYTES;
            FileRole::Output
        } else if url_text(text).is_some() && !text.contains(char::is_whitespace) {
            FileRole::Linked
        } else {
            return;
        };
        let index = u32::try_from(self.found.len()).ok();
        let name = self.name(path);
        let file = SourceFile { role, name: Some(name), index, ..SourceFile::at(text) };
        self.found.push(file);
    }

    /// A name made of the members that lead to the file, unique among those before.
    fn name(&mut self, path: &[String]) -> String {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let starts_with_name = path.first().is_some_and(|part| part.parse::<u32>().is_err());
        let head = if starts_with_name { None } else { Some(NAME) };
        let parts: Vec<_> = head.into_iter().chain(path.iter().map(String::as_str)).collect();
        let name = parts.join("-").replace(|c| !is_plain(c), "_");
        let name = &name[..name.len().min(NAME_BYTES)];
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        let mut names = std::iter::once(name.to_owned()).chain(numbered);
        let name = names.find(|name| !self.names.contains(name)).unwrap_or_default();
        self.names.insert(name.clone());
        name
    }
}

/// Puts an empty `data:` URL of the same type in the place of each file.
fn without_bytes(value: &mut Value) {
    match value {
        Value::String(text) if is_inline(text.trim()) => {
            let end = text.find(',').map_or(text.len(), |comma| comma + 1);
            text.truncate(end);
        }
        Value::Array(list) => list.iter_mut().for_each(without_bytes),
        Value::Object(object) => object.values_mut().for_each(without_bytes),
        _ => {}
    }
}
