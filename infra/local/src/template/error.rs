//! What can be wrong with a template.

/// A template that cannot be run, and the place in it that says why.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The file cannot be read.
    #[error("cannot read the template {path}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
    /// The text is not YAML.
    #[error("the template is not YAML")]
    NotYaml(#[from] serde_yaml_ng::Error),
    /// A place in the template says something that cannot be understood.
    #[error("template: {path}: {problem}")]
    At {
        /// The place, as keys joined by dots.
        path: String,
        /// What is wrong there.
        problem: String,
    },
}

impl TemplateError {
    /// `problem` at `path`.
    pub(super) fn at(path: &Path, problem: impl Into<String>) -> Self {
        Self::At { path: path.0.clone(), problem: problem.into() }
    }
}

/// A place in the template, for messages.
#[derive(Debug, Clone)]
pub(super) struct Path(String);

impl Path {
    /// The place of that name at the top.
    pub fn root(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// The entry `key` of the mapping here.
    pub fn key(&self, key: &str) -> Self {
        Self(format!("{}.{key}", self.0))
    }

    /// The entry `index` of the list here.
    pub fn index(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }
}
