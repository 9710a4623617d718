//! The functions of the template, with what `Globals` adds to each.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_yaml_ng::Value;

use super::document::Resource;
use super::error::Path;
use super::intrinsics::Resolver;
use super::model::Function;
use super::{TemplateError, events};

/// Lambda's own timeout where a template states none, in seconds.
const DEFAULT_TIMEOUT_SECONDS: u64 = 3;

/// Reads every function.
pub(super) fn read(resolver: &Resolver<'_>) -> Result<Vec<Function>, TemplateError> {
    let functions = resolver.resources_of("AWS::Serverless::Function")?;
    functions.iter().map(|resource| function(resolver, resource)).collect()
}

fn function(resolver: &Resolver<'_>, resource: &Resource<'_>) -> Result<Function, TemplateError> {
    let mut function = Function {
        name: function_name(resource.id),
        environment: environment(resolver, resource)?,
        timeout: timeout(resolver, resource)?,
        routes: Vec::new(),
        queues: Vec::new(),
        streams: Vec::new(),
    };
    events::read(resolver, resource, &mut function)?;
    Ok(function)
}

fn timeout(resolver: &Resolver<'_>, resource: &Resource<'_>) -> Result<Duration, TemplateError> {
    let stated = resource.property("Timeout");
    let Some(value) = stated.or_else(|| resolver.document.at(&["Globals", "Function", "Timeout"]))
    else {
        return Ok(Duration::from_secs(DEFAULT_TIMEOUT_SECONDS));
    };
    let path = resource.path().key("Timeout");
    let seconds = resolver.text(value, &path)?.parse();
    seconds
        .map(Duration::from_secs)
        .map_err(|_| TemplateError::at(&path, "must be a number of seconds"))
}

/// The global variables, with the function's own over them.
fn environment(
    resolver: &Resolver<'_>,
    resource: &Resource<'_>,
) -> Result<BTreeMap<String, String>, TemplateError> {
    let global = resolver.document.at(&["Globals", "Function", "Environment", "Variables"]);
    let own = resource.property("Environment").and_then(|own| own.get("Variables"));
    let global_path = Path::root("Globals").key("Function").key("Environment");
    let own_path = resource.path().key("Environment");
    let mut variables = BTreeMap::new();
    for (values, path) in [(global, global_path), (own, own_path)] {
        let values = values.and_then(Value::as_mapping).into_iter().flatten();
        for (name, value) in values {
            let name = resolver.text(name, &path)?;
            let path = path.key(&name);
            if let Some(chosen) = resolver.surroundings.chosen.get(&name) {
                variables.insert(name, chosen.clone());
            } else if let Some(value) = resolver.resolve(value, &path)? {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                variables.insert(name, text);
            }
        }
    }
    Ok(variables)
}

/// The folder of the function with that logical id: `TtsCreateFunction` is `tts-create`.
pub(super) fn function_name(logical_id: &str) -> String {
    let words = logical_id.strip_suffix("Function").unwrap_or(logical_id);
    let mut name = String::with_capacity(words.len() + 4);
    for character in words.chars() {
        if character.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(character.to_ascii_lowercase());
    }
    name
}
