//! CloudFormation's intrinsic functions, in their short (`!Sub`) and long (`Fn::Sub`) form.

use serde_json::Value as Json;
use serde_yaml_ng::Value;

use crate::error::{Path, TemplateError};
use crate::{Document, Surroundings};

/// Turns parts of a template into plain values.
#[derive(Debug, Clone, Copy)]
pub struct Resolver<'a> {
    /// The template.
    pub document: &'a Document,
    pub(crate) surroundings: &'a Surroundings,
}

/// A resolved value; `None` where the template says `AWS::NoValue`.
type Resolved = Result<Option<Json>, TemplateError>;

impl<'a> Resolver<'a> {
    /// A resolver of `document` for an embedded cloud in `surroundings`.
    #[must_use]
    pub fn new(document: &'a Document, surroundings: &'a Surroundings) -> Self {
        Self { document, surroundings }
    }

    /// Resolves the whole `value` at `path`.
    pub fn resolve(&self, value: &Value, path: &Path) -> Resolved {
        match value {
            Value::Tagged(tagged) => {
                let tag = tagged.tag.to_string();
                self.call(tag.trim_start_matches('!'), &tagged.value, path)
            }
            Value::Mapping(mapping) => match long_form(mapping) {
                Some((name, argument)) => self.call(name, argument, path),
                None => self.mapping(mapping, path).map(Some),
            },
            Value::Sequence(items) => self.list(items, path).map(|items| Some(Json::Array(items))),
            scalar => match serde_json::to_value(scalar) {
                Ok(scalar) => Ok(Some(scalar)),
                Err(error) => Err(TemplateError::at(path, error.to_string())),
            },
        }
    }

    /// Resolves `value` to text; numbers and booleans are written out.
    pub fn text(&self, value: &Value, path: &Path) -> Result<String, TemplateError> {
        match self.resolve(value, path)? {
            Some(Json::String(text)) => Ok(text),
            Some(scalar @ (Json::Number(_) | Json::Bool(_))) => Ok(scalar.to_string()),
            _ => Err(TemplateError::at(path, "must be text")),
        }
    }

    /// Resolves `items`, without those that have no value.
    fn list(&self, items: &[Value], path: &Path) -> Result<Vec<Json>, TemplateError> {
        let resolved = items.iter().enumerate().map(|(i, item)| self.resolve(item, &path.index(i)));
        resolved.filter_map(Result::transpose).collect()
    }

    fn mapping(
        &self,
        mapping: &serde_yaml_ng::Mapping,
        path: &Path,
    ) -> Result<Json, TemplateError> {
        let mut resolved = serde_json::Map::new();
        for (key, value) in mapping {
            let key = self.text(key, path)?;
            if let Some(value) = self.resolve(value, &path.key(&key))? {
                resolved.insert(key, value);
            }
        }
        Ok(Json::Object(resolved))
    }

    /// Calls the intrinsic function `name`.
    fn call(&self, name: &str, argument: &Value, path: &Path) -> Resolved {
        let path = &path.key(&format!("!{name}"));
        match name {
            "Ref" => self.reference(&self.text(argument, path)?, path),
            "GetAtt" => self.get_att(argument, path).map(|text| Some(text.into())),
            "Sub" => self.sub(argument, path).map(|text| Some(text.into())),
            "Join" => self.join(argument, path).map(|text| Some(text.into())),
            "If" => {
                let [condition, then, otherwise] = arguments(argument, path)?;
                let holds = self.condition_named(&self.text(condition, path)?, path)?;
                self.resolve(if holds { then } else { otherwise }, path)
            }
            "Equals" | "Not" | "Condition" => {
                self.condition(name, argument, path).map(|holds| Some(holds.into()))
            }
            _ => Err(TemplateError::at(path, "this intrinsic function is not known here")),
        }
    }

    fn get_att(&self, argument: &Value, path: &Path) -> Result<String, TemplateError> {
        let dotted = match argument {
            Value::Sequence(parts) => {
                let parts = self.list(parts, path)?;
                parts.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(".")
            }
            _ => self.text(argument, path)?,
        };
        self.attribute(&dotted, path)
    }

    /// Fills in every `${Name}` and `${Name.Attribute}`; `${!Literal}` stays as `${Literal}`.
    fn sub(&self, argument: &Value, path: &Path) -> Result<String, TemplateError> {
        let (pattern, variables) = match argument {
            Value::Sequence(parts) if parts.len() == 2 => {
                (self.text(&parts[0], path)?, self.resolve(&parts[1], path)?.unwrap_or_default())
            }
            _ => (self.text(argument, path)?, Json::Null),
        };
        let mut filled = String::with_capacity(pattern.len());
        let mut rest = pattern.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, after)) = after.split_once('}') else {
                return Err(TemplateError::at(path, "a ${ without its }"));
            };
            filled.push_str(before);
            filled.push_str(&self.sub_variable(name, &variables, path)?);
            rest = after;
        }
        filled.push_str(rest);
        Ok(self.with_local_urls(&filled))
    }

    fn sub_variable(
        &self,
        name: &str,
        variables: &Json,
        path: &Path,
    ) -> Result<String, TemplateError> {
        if let Some(literal) = name.strip_prefix('!') {
            return Ok(format!("${{{literal}}}"));
        }
        match variables.get(name) {
            Some(Json::String(text)) => Ok(text.clone()),
            Some(other) => Ok(other.to_string()),
            None if name.contains('.') => self.attribute(name, path),
            None => match self.reference(name, path)? {
                Some(Json::String(text)) => Ok(text),
                Some(other) => Ok(other.to_string()),
                None => Err(TemplateError::at(path, format!("{name} has no value"))),
            },
        }
    }

    fn join(&self, argument: &Value, path: &Path) -> Result<String, TemplateError> {
        let [delimiter, items] = arguments(argument, path)?;
        let delimiter = self.text(delimiter, path)?;
        let Some(Json::Array(items)) = self.resolve(items, path)? else {
            return Err(TemplateError::at(path, "must be a list"));
        };
        let texts: Vec<_> = items
            .iter()
            .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
            .collect();
        Ok(self.with_local_urls(&texts.join(&delimiter)))
    }
}

/// The name and argument of an intrinsic function written as a mapping with one entry.
fn long_form(mapping: &serde_yaml_ng::Mapping) -> Option<(&str, &Value)> {
    let (key, argument) = mapping.iter().next().filter(|_| mapping.len() == 1)?;
    let key = key.as_str()?;
    let name = key.strip_prefix("Fn::").or((key == "Ref").then_some(key))?;
    Some((name, argument))
}

/// Exactly `N` arguments.
pub(super) fn arguments<'v, const N: usize>(
    argument: &'v Value,
    path: &Path,
) -> Result<[&'v Value; N], TemplateError> {
    let items = argument.as_sequence().map(Vec::as_slice).unwrap_or_default();
    let items: Vec<_> = items.iter().collect();
    items.try_into().map_err(|_| TemplateError::at(path, format!("takes {N} arguments")))
}
