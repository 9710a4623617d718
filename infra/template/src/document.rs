//! The template as text and YAML, before any of it is resolved.

use std::path::Path as FilePath;

use serde::de::DeserializeOwned;
use serde_yaml_ng::{Mapping, Value};

use crate::Cors;
use crate::error::Path;
use crate::intrinsics::Resolver;
use crate::{Surroundings, Template, TemplateError, functions, resources, web_socket};

/// A template, read and not yet resolved.
#[derive(Debug, Clone)]
pub struct Document {
    root: Value,
}

/// One entry under `Resources`.
#[derive(Debug, Clone, Copy)]
pub struct Resource<'a> {
    /// Its key in the template.
    pub id: &'a str,
    /// Such as `AWS::SQS::Queue`.
    pub kind: &'a str,
    /// The whole entry.
    pub body: &'a Value,
}

impl Document {
    /// Reads the file at `path`.
    pub fn read(path: &FilePath) -> Result<Self, TemplateError> {
        let text = std::fs::read_to_string(path).map_err(|source| TemplateError::Unreadable {
            path: path.display().to_string(),
            source,
        })?;
        Self::parse(&text)
    }

    /// Reads a template from text.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        Ok(Self { root: serde_yaml_ng::from_str(text)? })
    }

    /// Resolves what the embedded cloud runs.
    pub fn resolve(&self, surroundings: &Surroundings) -> Result<Template, TemplateError> {
        let resolver = Resolver::new(self, surroundings);
        Ok(Template {
            functions: functions::read(&resolver)?,
            queues: resources::queues(&resolver)?,
            tables: resources::tables(&resolver)?,
            buckets: resources::buckets(&resolver)?,
            api_cors: Cors::of_api(&resolver)?,
            bucket_cors: Cors::of_bucket(&resolver)?,
            web_socket: web_socket::read(&resolver)?,
        })
    }

    /// The whole template.
    #[must_use]
    pub fn root(&self) -> &Value {
        &self.root
    }

    /// The value reached by `keys`, if there is one.
    pub(super) fn at(&self, keys: &[&str]) -> Option<&Value> {
        keys.iter().try_fold(&self.root, |value, key| value.get(*key))
    }

    /// The entries of the section `name`; none without such a section.
    pub fn section(&self, name: &str) -> impl Iterator<Item = (&str, &Value)> {
        let entries = self.root.get(name).and_then(Value::as_mapping).into_iter();
        entries.flat_map(Mapping::iter).filter_map(|(key, value)| Some((key.as_str()?, value)))
    }

    /// Every resource, in the order of the template.
    pub(super) fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        self.section("Resources")
            .filter_map(|(id, body)| Some(Resource { id, kind: body.get("Type")?.as_str()?, body }))
    }
}

impl<'a> Resource<'a> {
    /// The place of its properties.
    #[must_use]
    pub fn path(&self) -> Path {
        Path::root("Resources").key(self.id).key("Properties")
    }

    /// The property `name`, not yet resolved.
    pub(crate) fn property(&self, name: &str) -> Option<&'a Value> {
        self.body.get("Properties")?.get(name)
    }
}

/// Reads the resolved `value` at `path` into a typed shape.
pub fn typed<T: DeserializeOwned>(
    value: serde_json::Value,
    path: &Path,
) -> Result<T, TemplateError> {
    serde_json::from_value(value).map_err(|error| TemplateError::at(path, error.to_string()))
}
