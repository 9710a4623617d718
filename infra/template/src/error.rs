//! Errors of a template, each with its place.

/// A template that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The file cannot be read.
    #[error("cannot read the template {path}")]
    Unreadable {
        /// The file.
        path: String,
        /// The cause.
        source: std::io::Error,
    },
    /// The text is not YAML.
    #[error("the template is not YAML")]
    NotYaml(#[from] serde_yaml_ng::Error),
    /// A part of the template that is not understood.
    #[error("template: {path}: {problem}")]
    At {
        /// The place, as keys joined by dots.
        path: String,
        /// The problem there.
        problem: String,
    },
}

impl TemplateError {
    /// `problem` at `path`.
    pub fn at(path: &Path, problem: impl Into<String>) -> Self {
        Self::At { path: path.0.clone(), problem: problem.into() }
    }
}

/// A place in the template, for messages.
#[derive(Debug, Clone)]
pub struct Path(String);

impl Path {
    /// The section `name`.
    pub(crate) fn root(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// The entry `key` of the mapping here.
    pub(crate) fn key(&self, key: &str) -> Self {
        Self(format!("{}.{key}", self.0))
    }

    /// The entry `index` of the list here.
    pub(crate) fn index(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }
}
