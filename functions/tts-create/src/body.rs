//! The request body, validated field by field.

use domain::idempotency::KeyedRequest;
use domain::job::{OnUncertain, Speech, Work};
use domain::json_object::JsonObject;
use domain::retention::{RetentionDays, RetentionPolicy};
use domain::tts::TtsRequest;
use domain::{Caller, Job, JobId, Timestamp, limits};
use outbound::Guard;
use providers::registry;
use runtime::Problem;
use runtime::http::Request;

use crate::KIND;
use crate::spoken::Worker;

/// A validated request for a job.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    request: TtsRequest,
    /// The request under its idempotency key.
    pub(crate) keyed: KeyedRequest,
    options: Option<JsonObject>,
    webhook_url: Option<String>,
    metadata: Option<JsonObject>,
    on_uncertain: Option<OnUncertain>,
    retention: RetentionDays,
}

impl Body {
    pub(crate) fn read(
        request: &Request,
        worker: &Worker,
        guard: &Guard,
        retention: RetentionPolicy,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let mut fields = request.fields(limits::REQUEST_BODY_BYTES)?;
        let text = fields.required_text("text")?;
        let language = fields.required_text("language")?;
        let voice = fields.optional_text("voice")?;
        let format = fields.optional_text("format")?;
        let options = fields.optional_raw("options")?;
        let webhook_url = fields.optional_text("webhook_url")?;
        let metadata = fields.optional_raw("metadata")?;
        let on_uncertain = fields.optional_text("on_uncertain")?;
        let days = fields.optional("retention_days", "must be a whole number of days")?;
        fields.finish()?;
        let language = worker.language(&language, voice.as_deref())?;
        Ok(Self {
            retention: retention.of(days)?,
            request: TtsRequest::new(text, language, voice, format.as_deref())?,
            options: options
                .map(|json| JsonObject::options(&json, registry::reserved_options(KIND)))
                .transpose()?,
            keyed: request.keyed(now)?,
            webhook_url: webhook_url
                .map(|url| guard.check_field(url, "webhook_url"))
                .transpose()?,
            metadata: metadata.as_deref().map(JsonObject::metadata).transpose()?,
            on_uncertain: on_uncertain.as_deref().map(str::parse).transpose()?,
        })
    }

    /// The job to create.
    pub(crate) fn job(&self, id: JobId, caller: &Caller, now: Timestamp) -> Job {
        let speech = Speech {
            format: self.request.format,
            request: Some(self.request.clone()),
            options: self.options.clone(),
        };
        Job {
            webhook_url: self.webhook_url.clone(),
            metadata: self.metadata.clone(),
            request_sha256: self.keyed.sha256.clone(),
            on_uncertain: self.on_uncertain,
            expires_at: Some(now + self.retention.duration()),
            ..Job::new(id, caller.owner.clone(), Work::Speech(speech), now)
        }
    }
}
