//! The functions of the template, each completed from `Globals`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_yaml_ng::Value;

use crate::document::Resource;
use crate::error::{Path, TemplateError};
use crate::events;
use crate::intrinsics::Resolver;
use crate::model::Function;

/// Lambda's default timeout, in seconds.
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
        allows_recursive_loop: allows_recursive_loop(resolver, resource)?,
        routes: Vec::new(),
        queues: Vec::new(),
        streams: Vec::new(),
    };
    events::read(resolver, resource, &mut function)?;
    Ok(function)
}

fn allows_recursive_loop(
    resolver: &Resolver<'_>,
    resource: &Resource<'_>,
) -> Result<bool, TemplateError> {
    let Some((value, path)) = resolver.function_property(resource, "RecursiveLoop") else {
        return Ok(false);
    };
    match resolver.text(value, &path)?.as_str() {
        "Allow" => Ok(true),
        "Terminate" => Ok(false),
        _ => Err(TemplateError::at(&path, "must be Allow or Terminate")),
    }
}

fn timeout(resolver: &Resolver<'_>, resource: &Resource<'_>) -> Result<Duration, TemplateError> {
    let Some((value, path)) = resolver.function_property(resource, "Timeout") else {
        return Ok(Duration::from_secs(DEFAULT_TIMEOUT_SECONDS));
    };
    let seconds = resolver.text(value, &path)?.parse();
    seconds
        .map(Duration::from_secs)
        .map_err(|_| TemplateError::at(&path, "must be a number of seconds"))
}

fn environment(
    resolver: &Resolver<'_>,
    resource: &Resource<'_>,
) -> Result<BTreeMap<String, String>, TemplateError> {
    let mut variables = BTreeMap::new();
    for (name, (value, path)) in resolver.variables(resource) {
        if let Some(chosen) = resolver.surroundings.chosen.get(name) {
            variables.insert(name.to_owned(), chosen.clone());
        } else if let Some(value) = resolver.resolve(value, &path)? {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            variables.insert(name.to_owned(), text);
        }
    }
    Ok(variables)
}

impl<'a> Resolver<'a> {
    /// The function's own property `name`, else that of `Globals`, not yet resolved, and its place.
    #[must_use]
    pub fn function_property(
        &self,
        resource: &Resource<'a>,
        name: &str,
    ) -> Option<(&'a Value, Path)> {
        let own = resource.property(name).map(|value| (value, resource.path().key(name)));
        own.or_else(|| self.global(name))
    }

    /// The environment variables of `resource`, not yet resolved, and their places: the function's
    /// own override those of `Globals`.
    #[must_use]
    pub fn variables(&self, resource: &Resource<'a>) -> BTreeMap<&'a str, (&'a Value, Path)> {
        let own =
            resource.property("Environment").map(|own| (own, resource.path().key("Environment")));
        let mut variables = BTreeMap::new();
        for (environment, path) in self.global("Environment").into_iter().chain(own) {
            let values = environment.get("Variables").and_then(Value::as_mapping);
            for (name, value) in values.into_iter().flatten() {
                let Some(name) = name.as_str() else { continue };
                variables.insert(name, (value, path.key(name)));
            }
        }
        variables
    }

    fn global(&self, name: &str) -> Option<(&'a Value, Path)> {
        let value = self.document.at(&["Globals", "Function", name])?;
        Some((value, Path::root("Globals").key("Function").key(name)))
    }
}

/// The folder of a function by its logical id: `TtsCreateFunction` is `tts-create`.
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
