//! `POST /v1/predictions`: creates a job that runs a model, with one conditional write; the table's
//! stream starts the work.

use creation::Jobs;
use domain::job::{ModelRequest, Prediction, Work};
use domain::model::ModelTarget;
use domain::{InvalidField, JobKind};
use http::StatusCode;
use runtime::fields::Fields;
use runtime::http::{HttpFunction, Request, Response, json};
use runtime::{Context, Problem, StartError};
use store::Store;

/// The function.
#[derive(Debug)]
pub struct PredictionCreate {
    store: Store,
    jobs: Jobs,
}

impl HttpFunction for PredictionCreate {
    fn new(context: &Context) -> Result<Self, StartError> {
        Ok(Self {
            store: Store::new(&context.aws, context.environment.required("TABLE_NAME")?),
            jobs: Jobs::new(context, JobKind::Prediction)?,
        })
    }

    async fn handle(&self, request: Request) -> Result<Response, Problem> {
        let new = self.jobs.read(&request, |fields, _| prediction(fields).map(Work::Prediction))?;
        let job = self.jobs.create(&new, |job| self.store.create_job(job)).await?;
        json(StatusCode::ACCEPTED, &self.jobs.accepted(job))
    }
}

fn prediction(fields: &mut Fields<'_>) -> Result<Prediction, InvalidField> {
    let target = target(fields)?;
    let input = creation::input(fields)?;
    Ok(Prediction { target, request: Some(ModelRequest { input }) })
}

/// Reads what runs: exactly one of the three members that name it.
fn target(fields: &mut Fields<'_>) -> Result<ModelTarget, InvalidField> {
    let model = fields.optional_text("model")?;
    let version = fields.optional_text("version")?;
    let deployment = fields.optional_text("deployment")?;
    match (model, version, deployment) {
        (Some(model), None, None) => model.parse().map(ModelTarget::Model),
        (None, Some(version), None) => ModelTarget::version(&version),
        (None, None, Some(deployment)) => {
            creation::name("deployment", &deployment).map(ModelTarget::Deployment)
        }
        (None, None, None) => {
            Err(InvalidField::new("model", "is required, or version or deployment instead"))
        }
        (_, Some(_), None) => Err(InvalidField::new("version", "must not stand beside model")),
        (_, _, Some(_)) => {
            Err(InvalidField::new("deployment", "must not stand beside model or version"))
        }
    }
}
