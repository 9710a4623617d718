//! `POST /v1/tts/async`: creates a text-to-speech job with one conditional write; the table's stream
//! starts the work. `GET /v1/voices`: what languages and voices there are.

mod spoken;

use creation::{Jobs, NewJob};
use domain::job::{Speech, Work};
use domain::json_object::JsonObject;
use domain::tts::TtsRequest;
use domain::{InvalidField, Job, JobId, JobKind, Scope};
use http::StatusCode;
use providers::registry;
use runtime::fields::Fields;
use runtime::http::{HttpFunction, Request, Response, json};
use runtime::{Context, Problem, StartError, idempotency};
use store::Store;

pub use crate::spoken::Spoken;
use crate::spoken::Worker;

/// What its jobs make.
const KIND: JobKind = JobKind::Tts;
/// The route that lists languages and voices.
const VOICES: &str = "/v1/voices";

/// The function.
#[derive(Debug)]
pub struct TtsCreate {
    store: Store,
    jobs: Jobs,
    worker: Worker,
}

impl HttpFunction for TtsCreate {
    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        Ok(Self {
            store: Store::new(&context.aws, environment.required("TABLE_NAME")?),
            jobs: Jobs::new(context, KIND)?,
            worker: Worker::read(environment)?,
        })
    }

    async fn handle(&self, request: Request) -> Result<Response, Problem> {
        if request.path() == VOICES {
            request.caller(Scope::JobsRead)?;
            return json(StatusCode::OK, &self.worker.spoken());
        }
        let new = self.jobs.read(&request, |fields, _| self.speech(fields).map(Work::Speech))?;
        let job = match self.made_before(&new).await? {
            Some(job) => job,
            None => self.jobs.create(&new, |job| self.store.create_job(job)).await?,
        };
        json(StatusCode::ACCEPTED, &new.accepted(job))
    }
}

impl TtsCreate {
    fn speech(&self, fields: &mut Fields<'_>) -> Result<Speech, InvalidField> {
        let text = fields.required_text("text")?;
        let language = fields.required_text("language")?;
        let voice = fields.optional_text("voice")?;
        let format = fields.optional_text("format")?;
        let options = fields.optional_raw("options")?;
        let language = self.worker.language(&language, voice.as_deref())?;
        let request = TtsRequest::new(text, language, voice, format.as_deref())?;
        let reserved = registry::reserved_options(KIND);
        Ok(Speech {
            format: request.format,
            request: Some(request),
            options: options.map(|json| JsonObject::options(&json, reserved)).transpose()?,
        })
    }

    /// The job that an earlier version created for the request of `new`.
    async fn made_before(&self, new: &NewJob<'_>) -> Result<Option<Job>, Problem> {
        let Some(key) = new.key else { return Ok(None) };
        let owner = &new.job.owner;
        let find = async |generation| {
            let id = JobId::unkeyed(owner, key, generation);
            let first = self.store.find_job(owner, &id).await.map_err(Problem::unavailable)?;
            Ok(first.map(|first| (first.clone(), first.keyed())))
        };
        idempotency::made_before(&new.request, find).await
    }
}
