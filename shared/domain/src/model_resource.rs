//! A model as clients see it.

use serde::Serialize;
use serde_json::Value;

use crate::links::Links;
use crate::model::{Model, ModelName, ModelOutcome};
use crate::time::Rfc3339;
use crate::{Job, JobError, JobId, JobStatus, ModelId};

/// A model that the client's trainings make. Members without a value are null.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Model"))]
pub struct ModelResource<'a> {
    model_id: &'a ModelId,
    /// Where the provider has it: `owner/name`.
    name: &'a ModelName,
    status: ModelStatus,
    /// The version that the last successful training made, which predictions run.
    version: Option<&'a str>,
    /// Where the provider has that version's weights.
    weights: Option<&'a str>,
    /// All that the last successful training returned.
    output: Option<&'a Value>,
    /// Why its latest training came to nothing, as a sentence.
    error: Option<&'a str>,
    /// The job of its latest training.
    job_id: &'a JobId,
    created_at: Rfc3339,
    /// Since when it has its status.
    updated_at: Rfc3339,
    /// Its last trainings that are still kept, 20 at most, the latest first; only where one model is
    /// read. All are in the list of jobs of the kind `training`.
    #[serde(skip_serializing_if = "Option::is_none")]
    trainings: Option<Vec<TrainingResource<'a>>>,
    links: ModelLinks,
}

/// Where a model stands.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
enum ModelStatus {
    Training,
    Ready,
    Failed,
}

/// A training of a model.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ModelTraining"))]
struct TrainingResource<'a> {
    job_id: &'a JobId,
    status: JobStatus,
    created_at: Rfc3339,
    completed_at: Option<Rfc3339>,
    /// The version that it made.
    version: Option<&'a str>,
    /// Why it failed.
    error: Option<&'a JobError>,
}

/// The links of a model.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ModelLinks {
    /// The model itself.
    #[serde(rename = "self")]
    this: String,
    /// The job of its latest training.
    job: String,
}

impl<'a> ModelResource<'a> {
    /// `model`, in a list.
    pub fn listed(model: &'a Model, links: &Links) -> Self {
        let (status, error) = match &model.outcome {
            ModelOutcome::Training => (ModelStatus::Training, None),
            ModelOutcome::Ready => (ModelStatus::Ready, None),
            ModelOutcome::Failed { error } => (ModelStatus::Failed, Some(&**error)),
        };
        Self {
            model_id: &model.id,
            name: &model.name,
            status,
            version: text(model.output.as_ref(), "version"),
            weights: text(model.output.as_ref(), "weights"),
            output: model.output.as_ref(),
            error,
            job_id: &model.latest,
            created_at: model.created_at.into(),
            updated_at: model.updated_at.into(),
            trainings: None,
            links: ModelLinks { this: links.model(&model.id), job: links.job(&model.latest) },
        }
    }

    /// `model` with the jobs that trained it, the latest first.
    pub fn with_trainings(model: &'a Model, jobs: &'a [Job], links: &Links) -> Self {
        let training = |job: &'a Job| TrainingResource {
            job_id: &job.id,
            status: job.state.status(),
            created_at: job.created_at.into(),
            completed_at: job.completed_at.map(Into::into),
            version: text(job.result.as_ref(), "version"),
            error: job.error.as_ref(),
        };
        Self { trainings: Some(jobs.iter().map(training).collect()), ..Self::listed(model, links) }
    }
}

/// The text of a member of what a training returned.
fn text<'a>(output: Option<&'a Value>, name: &str) -> Option<&'a str> {
    output?.get(name)?.as_str()
}
