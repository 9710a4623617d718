//! The request body, validated field by field.

use domain::idempotency::KeyedRequest;
use domain::job::{OnUncertain, Speech, Work};
use domain::metadata::Metadata;
use domain::retention::{RetentionDays, RetentionPolicy};
use domain::tts::TtsRequest;
use domain::{Caller, Job, JobId, Timestamp, limits};
use outbound::Guard;
use runtime::Problem;
use runtime::http::Request;

/// A validated request for a job.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    request: TtsRequest,
    /// The request under its idempotency key.
    pub(crate) keyed: KeyedRequest,
    webhook_url: Option<String>,
    metadata: Option<Metadata>,
    on_uncertain: Option<OnUncertain>,
    retention: RetentionDays,
}

impl Body {
    pub(crate) fn read(
        request: &Request,
        guard: &Guard,
        retention: RetentionPolicy,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let mut fields = request.fields(limits::REQUEST_BODY_BYTES)?;
        let text = fields.required_text("text")?;
        let language = fields.required_text("language")?;
        let voice = fields.optional_text("voice")?;
        let format = fields.optional_text("format")?;
        let webhook_url = fields.optional_text("webhook_url")?;
        let metadata = fields.optional_raw("metadata")?;
        let on_uncertain = fields.optional_text("on_uncertain")?;
        let days = fields.optional("retention_days", "must be a whole number of days")?;
        fields.finish()?;
        Ok(Self {
            retention: retention.of(days)?,
            request: TtsRequest::new(text, &language, voice, format.as_deref())?,
            keyed: request.keyed(now)?,
            webhook_url: webhook_url
                .map(|url| guard.check_field(url, "webhook_url"))
                .transpose()?,
            metadata: metadata.as_deref().map(Metadata::new).transpose()?,
            on_uncertain: on_uncertain.as_deref().map(str::parse).transpose()?,
        })
    }

    /// The job to create.
    pub(crate) fn job(&self, id: JobId, caller: &Caller, now: Timestamp) -> Job {
        let speech = Speech { request: Some(self.request.clone()), format: self.request.format };
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
