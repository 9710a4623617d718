//! The template's `Conditions`, and the intrinsic functions they are made of.

use serde_yaml_ng::Value;

use super::TemplateError;
use super::document::Resource;
use super::error::Path;
use super::intrinsics::{Resolver, arguments};

impl<'a> Resolver<'a> {
    /// The resources of `kind` whose condition, if they have one, holds.
    pub fn resources_of(&self, kind: &str) -> Result<Vec<Resource<'a>>, TemplateError> {
        let mut wanted = Vec::new();
        for resource in self.document.resources().filter(|resource| resource.kind == kind) {
            let condition = resource.body.get("Condition").and_then(Value::as_str);
            let path = resource.path();
            if condition.map_or(Ok(true), |name| self.condition_named(name, &path))? {
                wanted.push(resource);
            }
        }
        Ok(wanted)
    }

    /// Whether the condition called `name` holds.
    pub fn condition_named(&self, name: &str, path: &Path) -> Result<bool, TemplateError> {
        let Some(condition) = self.document.at(&["Conditions", name]) else {
            return Err(TemplateError::at(path, format!("there is no condition {name}")));
        };
        self.holds(condition, &Path::root("Conditions").key(name))
    }

    /// Evaluates one of the functions that make conditions.
    pub fn condition(
        &self,
        name: &str,
        argument: &Value,
        path: &Path,
    ) -> Result<bool, TemplateError> {
        match name {
            "Condition" => self.condition_named(&self.text(argument, path)?, path),
            "Equals" => {
                let [left, right] = arguments(argument, path)?;
                Ok(self.resolve(left, path)? == self.resolve(right, path)?)
            }
            "Not" => {
                let [condition] = arguments(argument, path)?;
                Ok(!self.holds(condition, path)?)
            }
            _ => {
                let conditions = argument.as_sequence().map(Vec::as_slice).unwrap_or_default();
                let held = conditions.iter().map(|condition| self.holds(condition, path));
                let held = held.collect::<Result<Vec<_>, _>>()?;
                Ok(if name == "And" { held.iter().all(|h| *h) } else { held.contains(&true) })
            }
        }
    }

    fn holds(&self, condition: &Value, path: &Path) -> Result<bool, TemplateError> {
        let named = condition.get("Condition").and_then(Value::as_str);
        if let Some(name) = named {
            return self.condition_named(name, path);
        }
        match self.resolve(condition, path)? {
            Some(serde_json::Value::Bool(holds)) => Ok(holds),
            _ => Err(TemplateError::at(path, "is not a condition")),
        }
    }
}
