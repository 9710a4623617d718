//! What a model returns: any JSON, searched for files. A file is a text that is nothing but a URL;
//! whether it is fetched depends on its host, since other URLs are only mentioned.
//!
//! Invariant: what was paid for is kept. JSON that does not fit into the job's item, or that has more
//! files than fit, is stored as a file of its own.

use std::collections::HashSet;

use domain::job::source::is_inline;
use domain::job::{FileRole, Source, SourceFile};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::body::url_text;
use crate::{TaskResult, TaskStatus};

/// Longest output that is kept as JSON, in bytes: it lies in the job's item.
const RESULT_BYTES: usize = 160 * 1024;
/// How many bytes the files and the JSON of an output take in the job's item at most, which has no
/// more than 400 KB in all.
const ITEM_BYTES: usize = 360 * 1024;
/// What a file takes there besides its URL and name: where it is announced, and once it is stored.
const FILE_BYTES: usize = 450;
/// What an output without a member's name is called.
const NAME: &str = "output";
/// What an output is called that is stored as a file of its own.
const RETURNED: &str = "result";
/// Longest name of a file that is made of the members it lies in, in bytes.
const NAME_BYTES: usize = 64;

/// The status of a task that has succeeded with `output`.
pub(super) fn result(output: &Value) -> TaskStatus {
    if let Some(training) = training(output) {
        // The weights stay with the provider, as a version of the model.
        return succeeded(Vec::new(), training);
    }
    let search = Search::of(output);
    let json = search.shown(output);
    let size = json.to_string().len();
    if search.is_cut || size > RESULT_BYTES || search.bytes + size > ITEM_BYTES {
        return search.with_returned();
    }
    succeeded(search.found, json)
}

/// The same of an output that is too long to be read into memory as a whole.
pub(super) fn long_result(output: &str) -> TaskStatus {
    Search::of(&mut serde_json::Deserializer::from_str(output)).with_returned()
}

fn succeeded(files: Vec<SourceFile>, result: Value) -> TaskStatus {
    let source = Source { files, confirmation_url: None };
    TaskStatus::Succeeded(TaskResult {
        source,
        result: Some(result).filter(|json| !json.is_null()),
    })
}

/// What a training made, if `output` is one's: a version of a model, `owner/name:id`, and where its
/// weights are.
fn training(output: &Value) -> Option<Value> {
    let (version, weights) = (output.get("version")?, output.get("weights")?);
    let is_full_name =
        |text: &str| text.split_once(':').is_some_and(|(name, _)| name.contains('/'));
    version.as_str().filter(|version| is_full_name(version))?;
    let is_short = output.to_string().len() <= RESULT_BYTES;
    let short = || serde_json::json!({ "version": version, "weights": weights });
    Some(if is_short { output.clone() } else { short() })
}

/// The files in an output.
#[derive(Default)]
struct Search {
    found: Vec<SourceFile>,
    names: HashSet<String>,
    /// How much of the item they take.
    bytes: usize,
    /// Whether there are more than it has room for.
    is_cut: bool,
}

impl Search {
    fn of<'de>(output: impl Deserializer<'de>) -> Self {
        let mut search = Self::default();
        let walk = Walk { search: &mut search, path: &mut Vec::new() };
        if walk.deserialize(output).is_err() {
            // It is nested so deeply that nobody can search it.
            search.is_cut = true;
        }
        search
    }

    /// The status of a task whose output is stored as a file too.
    fn with_returned(mut self) -> TaskStatus {
        let name = self.name(&[RETURNED.to_owned()]);
        let source = Source { files: self.found, confirmation_url: None };
        TaskStatus::with_files(source.with_returned(name))
    }

    /// `output` without the bytes of the files that lie within it.
    fn shown(&self, output: &Value) -> Value {
        let mut shown = output.clone();
        if self.found.iter().any(SourceFile::is_inline) {
            without_bytes(&mut shown);
        }
        shown
    }

    fn text(&mut self, text: &str, path: &[String]) {
        let role = if is_inline(text) {
            FileRole::Output
        } else if url_text(text).is_some() && !text.contains(char::is_whitespace) {
            FileRole::Linked
        } else {
            return;
        };
        let name = self.name(path);
        let bytes = self.bytes + text.len() + 2 * name.len() + FILE_BYTES;
        if bytes > ITEM_BYTES {
            self.is_cut = true;
            return;
        }
        self.bytes = bytes;
        let index = u32::try_from(self.found.len()).ok();
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

/// A walk through an output, as a value or while it is read.
struct Walk<'a> {
    search: &'a mut Search,
    /// The members and indices that lead to where it is.
    path: &'a mut Vec<String>,
}

impl Walk<'_> {
    /// Where `part` leads to.
    fn step<T>(&mut self, part: String, walk: impl FnOnce(Walk<'_>) -> T) -> T {
        self.path.push(part);
        let walked = walk(Walk { search: self.search, path: self.path });
        self.path.pop();
        walked
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, output: D) -> Result<(), D::Error> {
        output.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.search.text(text.trim(), self.path);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        for index in 0_usize.. {
            let next = self.step(index.to_string(), |walk| list.next_element_seed(walk));
            if next?.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key()? {
            self.step(name, |walk| members.next_value_seed(walk))?;
        }
        Ok(())
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

#[cfg(test)]
#[path = "output_tests.rs"]
mod tests;
