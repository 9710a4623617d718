//! The body of `POST /ai-clipping/jobs`.

use domain::InvalidField;
use serde_json::{Map, Value};
use url::Url;

use crate::fields::Fields;

/// Most clips of a job.
const MAX_CLIPS: u32 = 100;
/// How many clips are made without a `max_clips`.
const DEFAULT_CLIPS: u32 = 5;

/// The order of a task.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub video_url: Url,
    /// Where its webhooks go; without one there are none.
    pub callback_url: Option<Url>,
    /// The client's id of the job.
    pub external_job_id: Option<String>,
    pub owner_user_id: Option<String>,
    pub max_clips: u32,
}

impl Order {
    /// Parses the body of a request.
    pub fn read(body: &Map<String, Value>) -> Result<Self, InvalidField> {
        let fields = Fields::of(body);
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Ok(Self {
            video_url: fields.require_url("video_url")?,
            callback_url: fields.url("callback_url")?,
            external_job_id: owned(fields.text("external_job_id")?),
            owner_user_id: owned(fields.text("owner_user_id")?),
            max_clips: fields.whole("max_clips", 1, MAX_CLIPS)?.unwrap_or(DEFAULT_CLIPS),
        })
    }
}
