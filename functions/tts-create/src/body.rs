//! The body of the request, checked field by field.

use domain::job::{Speech, Work};
use domain::metadata::Metadata;
use domain::tts::TtsRequest;
use domain::{Caller, InvalidField, Job, JobId, Timestamp, limits};
use outbound::Guard;
use runtime::Problem;
use runtime::http::Request;
use sha2::{Digest, Sha256};

/// A checked request for a job.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    request: TtsRequest,
    pub(crate) sha256: String,
    webhook_url: Option<String>,
    metadata: Option<Metadata>,
}

impl Body {
    pub(crate) fn read(request: &Request, guard: &Guard) -> Result<Self, Problem> {
        let bytes = request.body(limits::REQUEST_BODY_BYTES)?;
        let mut fields = request.fields(limits::REQUEST_BODY_BYTES)?;
        let text = fields.required_text("text")?;
        let language = fields.required_text("language")?;
        let voice = fields.optional_text("voice")?;
        let format = fields.optional_text("format")?;
        let webhook_url = fields.optional_text("webhook_url")?;
        let metadata = fields.optional_object("metadata")?;
        Ok(Self {
            request: TtsRequest::new(text, &language, voice, format.as_deref())?,
            sha256: hex::encode(Sha256::digest(bytes)),
            webhook_url: webhook_url.map(|url| check_webhook_url(guard, url)).transpose()?,
            metadata: metadata.as_ref().map(Metadata::new).transpose()?,
        })
    }

    /// The job that this asks for.
    pub(crate) fn job(&self, id: JobId, caller: &Caller, now: Timestamp) -> Job {
        let speech = Speech { request: Some(self.request.clone()), format: self.request.format };
        Job {
            webhook_url: self.webhook_url.clone(),
            metadata: self.metadata.clone(),
            ..Job::new(id, caller.owner.clone(), Work::Speech(speech), now)
        }
    }
}

fn check_webhook_url(guard: &Guard, url: String) -> Result<String, InvalidField> {
    guard.check_url(&url).map_err(|refused| refused.for_field("webhook_url"))?;
    Ok(url)
}
