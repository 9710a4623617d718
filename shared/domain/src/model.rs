//! Models: what a training makes, and the names by which a provider knows those that run.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::{of_digest, text_id};
use crate::job::Training;
use crate::{InvalidField, Job, JobId, JobState, OwnerId, Timestamp, json_text};

/// Longest name of an owner, model or deployment, and longest version, in bytes.
const NAME_BYTES: usize = 128;

/// A model of an owner's. Its text is `mdl_` and a UUID.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ModelId(String);

text_id!(ModelId, "mdl_", 80, "model_id", "must be a model id, like mdl_0190…");

impl ModelId {
    /// The id of the model that an owner's trainings put in one destination, by its MAC.
    pub fn keyed(mac: [u8; 32]) -> Self {
        Self(of_digest("mdl_", mac))
    }
}

/// The name of a model or a deployment at its provider: `owner/name`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ModelName(String);

text_id!(ModelName);

/// A version of a model, as its provider names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VersionId(String);

text_id!(VersionId);

/// What a prediction runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelTarget {
    /// A version, alone or after its model's name; or a model by name, whose latest version runs.
    Version(String),
    /// A model that its provider keeps running.
    Model(ModelName),
    /// A deployment of the account.
    Deployment(ModelName),
}

fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_dots = text.chars().all(|c| c == '.');
    !is_dots && text.len() <= NAME_BYTES && text.chars().all(plain)
}

fn is_full_name(text: &str) -> bool {
    text.split_once('/').is_some_and(|(owner, name)| is_name(owner) && is_name(name))
}

fn is_version(text: &str) -> bool {
    !text.is_empty() && text.len() <= NAME_BYTES && text.chars().all(|c| c.is_ascii_alphanumeric())
}

impl FromStr for ModelName {
    type Err = InvalidField;

    fn from_str(text: &str) -> Result<Self, InvalidField> {
        if is_full_name(text) {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidField::new("model", "must be owner/name, like stability-ai/sdxl"))
    }
}

impl FromStr for VersionId {
    type Err = InvalidField;

    /// Reads a version, which may follow its model's name.
    fn from_str(text: &str) -> Result<Self, InvalidField> {
        let version = match text.split_once(':') {
            Some((name, version)) if is_full_name(name) => version,
            Some(_) => "",
            None => text,
        };
        if is_version(version) {
            return Ok(Self(version.to_owned()));
        }
        Err(InvalidField::new("version", "must be the id of a version: letters and digits"))
    }
}

impl ModelTarget {
    /// Reads the member `version`: a version's id, `owner/name:id`, or `owner/name`.
    pub fn version(text: &str) -> Result<Self, InvalidField> {
        if is_full_name(text) || text.parse::<VersionId>().is_ok() {
            return Ok(Self::Version(text.to_owned()));
        }
        let message = "must be the id of a version, owner/name:id or owner/name";
        Err(InvalidField::new("version", message))
    }
}

impl fmt::Display for ModelTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(text) => f.write_str(text),
            Self::Model(name) | Self::Deployment(name) => name.fmt(f),
        }
    }
}

/// A model as it is stored: what its latest training made of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// Its id.
    pub id: ModelId,
    /// Whose it is.
    pub owner: OwnerId,
    /// Where its provider has it.
    pub name: ModelName,
    /// When its first training was accepted.
    pub created_at: Timestamp,
    /// The jobs that trained it last, the latest last. Older ones are found in the list of jobs.
    pub trainings: Vec<JobId>,
    /// The latest of them. Only its end changes the model.
    pub latest: JobId,
    /// Where it stands.
    #[serde(flatten)]
    pub outcome: ModelOutcome,
    /// Since when.
    pub updated_at: Timestamp,
    /// The result of the last training that succeeded.
    #[serde(default, with = "json_text", skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
}

/// Where a model stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status")]
pub enum ModelOutcome {
    /// Its latest training has not ended.
    Training,
    /// Its latest training succeeded.
    Ready,
    /// Its latest training came to nothing.
    Failed {
        /// Why, in a sentence.
        error: String,
    },
}

impl Model {
    /// The new model of `training`, whose job is `job`.
    pub fn new(job: &Job, training: &Training) -> Self {
        Self {
            id: training.model_id.clone(),
            owner: job.owner.clone(),
            name: training.destination.clone(),
            created_at: job.created_at,
            trainings: vec![job.id.clone()],
            latest: job.id.clone(),
            outcome: ModelOutcome::Training,
            updated_at: job.created_at,
            output: None,
        }
    }

    /// The model as `latest`, the job of its latest training, says; `None` if that is no longer
    /// kept. The end of most trainings is saved with the model already.
    #[must_use]
    pub fn as_of(mut self, latest: Option<&Job>) -> Self {
        if self.outcome != ModelOutcome::Training {
            return self;
        }
        let Some(job) = latest else {
            let error = "Its training is no longer kept.".to_owned();
            return Self { outcome: ModelOutcome::Failed { error }, ..self };
        };
        if let Some(outcome) = ModelOutcome::of(job.state, job.error.as_ref().map(|e| &*e.message))
        {
            self.outcome = outcome;
            self.updated_at = job.completed_at.unwrap_or(job.state_since);
            self.output = job.result.clone().or(self.output);
        }
        self
    }
}

impl ModelOutcome {
    /// What a model comes to by a training that ended in `state`; `None` if it has not ended.
    pub fn of(state: JobState, error: Option<&str>) -> Option<Self> {
        let failed = |text: &str| Self::Failed { error: text.to_owned() };
        match state {
            JobState::Completed => Some(Self::Ready),
            JobState::Failed => Some(failed(error.unwrap_or("The training failed."))),
            JobState::Cancelled => Some(failed("The training was cancelled.")),
            JobState::Waiting
            | JobState::Queued
            | JobState::Dispatched
            | JobState::Uncertain
            | JobState::Running
            | JobState::Storing => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_two_parts_that_are_safe_in_a_path() {
        for text in ["stability-ai/sdxl", "a/b.c_d", "A1/2"] {
            assert_eq!(text.parse::<ModelName>().unwrap().as_str(), text);
        }
        let long = format!("a/{}", "x".repeat(129));
        for text in ["", "sdxl", "/a", "a/", "a/b/c", "a/..", "../b", "a/b:c", "a b/c", &long] {
            assert_eq!(text.parse::<ModelName>().unwrap_err().field, "model", "{text}");
        }
    }

    #[test]
    fn a_version_may_follow_its_models_name() {
        assert_eq!("5c7d5dc6".parse::<VersionId>().unwrap().as_str(), "5c7d5dc6");
        assert_eq!("a/b:5c7d".parse::<VersionId>().unwrap().as_str(), "5c7d");
        for text in ["", "a/b", "a:b", "5c 7d", "a/b:", "5c-7d"] {
            assert!(text.parse::<VersionId>().is_err(), "{text}");
        }
        for text in ["5c7d", "a/b:5c7d", "a/b"] {
            assert_eq!(ModelTarget::version(text).unwrap().to_string(), text);
        }
        assert_eq!(ModelTarget::version("a/b/c").unwrap_err().field, "version");
    }
}
