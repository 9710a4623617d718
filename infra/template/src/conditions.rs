//! The template's `Conditions` and the intrinsic functions in them.

use serde_yaml_ng::Value;

use crate::document::Resource;
use crate::error::{Path, TemplateError};
use crate::intrinsics::{Resolver, arguments};

impl<'a> Resolver<'a> {
    /// The resources of `kind` without a condition or with one that holds.
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

    /// Whether the condition `name` holds.
    pub(crate) fn condition_named(&self, name: &str, path: &Path) -> Result<bool, TemplateError> {
        let Some(condition) = self.document.at(&["Conditions", name]) else {
            return Err(TemplateError::at(path, format!("there is no condition {name}")));
        };
        self.holds(condition, &Path::root("Conditions").key(name))
    }

    /// Evaluates `Condition`, `Equals` or `Not`.
    pub(crate) fn condition(
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
            _ => {
                let [condition] = arguments(argument, path)?;
                Ok(!self.holds(condition, path)?)
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
