//! The template, whole or without the triggers that run functions by themselves.

use std::path::PathBuf;
use std::sync::LazyLock;

use hookreel_local::template::{Document, Surroundings, Template};
use serde_yaml_ng::Value;

/// The repository.
#[must_use]
pub fn root() -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    root.canonicalize().expect("the tests lie in a folder of the workspace")
}

fn text() -> String {
    std::fs::read_to_string(root().join("template.yaml")).expect("there is a template.yaml")
}

// Each is made once for all tests: unoptimised, parsing more than a thousand lines of YAML takes
// longer than most tests.
static WHOLE: LazyLock<Document> =
    LazyLock::new(|| Document::parse(&text()).expect("template.yaml can be read"));
static FROZEN: LazyLock<Document> = LazyLock::new(freeze);
static RESOLVED: LazyLock<Template> =
    LazyLock::new(|| WHOLE.resolve(&Surroundings::default()).expect("it can be resolved"));

/// The template as the embedded cloud reads it.
#[must_use]
pub fn whole() -> Document {
    WHOLE.clone()
}

/// The template without queues and streams that feed functions: only what a test invokes runs.
#[must_use]
pub fn frozen() -> Document {
    FROZEN.clone()
}

fn freeze() -> Document {
    let mut yaml: Value = serde_yaml_ng::from_str(&text()).expect("template.yaml is YAML");
    let resources = yaml["Resources"].as_mapping_mut().unwrap();
    for resource in resources.values_mut() {
        let events = resource.get_mut("Properties").and_then(|part| part.get_mut("Events"));
        if let Some(events) = events.and_then(Value::as_mapping_mut) {
            events.retain(|_, event| event["Type"] == "HttpApi");
        }
    }
    let text = serde_yaml_ng::to_string(&yaml).unwrap();
    Document::parse(&text).expect("it is still a template")
}

/// The template in which no function may run in a chain of messages for ever.
#[must_use]
pub fn without_loops() -> Document {
    let text = text().replace("RecursiveLoop: Allow", "RecursiveLoop: Terminate");
    Document::parse(&text).expect("it is still a template")
}

/// The resolved template, with the names of everything.
#[must_use]
pub fn resolved() -> &'static Template {
    &RESOLVED
}

/// The names of all functions: the folders in `functions/`.
#[must_use]
pub fn functions() -> Vec<String> {
    let folders = std::fs::read_dir(root().join("functions")).unwrap();
    let mut names: Vec<_> =
        folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The functions that a queue feeds, each with the name of its queue.
pub fn queues() -> impl Iterator<Item = (String, String)> {
    RESOLVED.functions.iter().filter_map(|function| {
        Some((function.name.clone(), function.queues.first()?.queue.clone()))
    })
}

/// The name of the queue that feeds `function`.
#[must_use]
pub fn queue(function: &str) -> String {
    let (_, queue) = queues().find(|(name, _)| name == function).expect("a queue feeds it");
    queue
}

/// The name of the table.
#[must_use]
pub fn table() -> &'static str {
    &RESOLVED.tables[0].name
}

/// The name of the bucket.
#[must_use]
pub fn bucket() -> &'static str {
    &RESOLVED.buckets[0]
}
