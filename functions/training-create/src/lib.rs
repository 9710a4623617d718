//! `POST /v1/trainings`: creates a job that trains a model, and the model with it, in one transaction
//! without a read before it; the table's stream starts the work.

use creation::{Accepted, Jobs};
use domain::job::{ModelRequest, Training, Work};
use domain::links::Links;
use domain::model::{ModelName, VersionId};
use domain::{InvalidField, Job, JobId, JobKind, JobStatus, ModelId, OwnerId};
use http::StatusCode;
use runtime::fields::Fields;
use runtime::http::{HttpFunction, Request, Response, json};
use runtime::{Context, Problem, StartError};
use serde::Serialize;
use store::Store;

/// The function.
#[derive(Debug)]
pub struct TrainingCreate {
    store: Store,
    jobs: Jobs,
    /// Where models are put whose request does not say.
    destination: Option<ModelName>,
}

/// The training that was created.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AcceptedTraining<'a> {
    job_id: &'a JobId,
    /// The model that it trains.
    model_id: &'a ModelId,
    status: JobStatus,
    message: &'static str,
    links: TrainingLinks,
}

/// The links of a training.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct TrainingLinks {
    /// The job.
    #[serde(rename = "self")]
    this: String,
    /// The model that it trains.
    model: String,
}

impl HttpFunction for TrainingCreate {
    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        let destination = environment.get("TRAINING_DESTINATION").map(str::parse).transpose();
        let invalid = |error: InvalidField| StartError::Invalid {
            name: "TRAINING_DESTINATION",
            reason: error.message,
        };
        Ok(Self {
            store: Store::new(&context.aws, environment.required("TABLE_NAME")?),
            jobs: Jobs::new(context, JobKind::Training)?,
            destination: destination.map_err(invalid)?,
        })
    }

    async fn handle(&self, request: Request) -> Result<Response, Problem> {
        let new = self.jobs.read(&request, |fields, owner| self.training(fields, owner))?;
        let job = self.jobs.create(&new, |job| self.store.create_training(job)).await?;
        json(StatusCode::ACCEPTED, &accepted(&job, self.jobs.links())?)
    }
}

impl TrainingCreate {
    fn training(&self, fields: &mut Fields<'_>, owner: &OwnerId) -> Result<Work, InvalidField> {
        let model = fields.required_text("model")?.parse()?;
        let version = fields.required_text("version")?.parse::<VersionId>()?;
        let destination = self.destination(fields.optional_text("destination")?)?;
        let input = creation::input(fields)?;
        Ok(Work::Training(Training {
            model_id: self.jobs.ids().model(owner, &destination),
            destination,
            model,
            version,
            request: Some(ModelRequest { input }),
        }))
    }

    fn destination(&self, given: Option<String>) -> Result<ModelName, InvalidField> {
        match (given, &self.destination) {
            (Some(given), _) => creation::name("destination", &given),
            (None, Some(default)) => Ok(default.clone()),
            (None, None) => {
                let message = "is missing: this service has no default for where models are put";
                Err(InvalidField::new("destination", message))
            }
        }
    }
}

fn accepted<'a>(job: &'a Job, links: &Links) -> Result<AcceptedTraining<'a>, Problem> {
    let training = job.work.as_training();
    let training = training.ok_or_else(|| Problem::unavailable("the job is no training"))?;
    Ok(AcceptedTraining {
        job_id: &job.id,
        model_id: &training.model_id,
        status: JobStatus::Pending,
        message: Accepted::MESSAGE,
        links: TrainingLinks { this: links.job(&job.id), model: links.model(&training.model_id) },
    })
}
