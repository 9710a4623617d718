//! A job as clients read it, in responses and in webhooks.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::clipping_resource::ClippingResource;
use crate::job::{Media, ProgressCount, Work};
use crate::json_object::JsonObject;
use crate::links::Links;
use crate::time::Rfc3339;
use crate::{
    EventType, Job, JobError, JobKind, JobState, JobStatus, JobStep, Output, ProjectId, SceneId,
    Step, Timestamp, limits,
};

/// A job. Members without a value are null, except the URL of the first file, whose name depends on
/// its media and which is absent.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Job"))]
pub struct JobResource {
    job_id: crate::JobId,
    kind: JobKind,
    /// Where it stands.
    status: JobStatus,
    /// The same, finer.
    step: JobStep,
    /// How much is done; it never decreases within an attempt.
    #[cfg_attr(feature = "schema", schemars(range(max = 100)))]
    progress_percent: u8,
    /// A sentence for people.
    current_step: String,
    /// How much is done, in units that depend on the kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    progress_count: Option<ProgressCount>,
    /// Its owner wants it cancelled.
    cancel_requested: bool,
    created_at: Rfc3339,
    /// When its first attempt began.
    started_at: Option<Rfc3339>,
    /// When it ended, in whatever way.
    completed_at: Option<Rfc3339>,
    /// When it is deleted with its files.
    expires_at: Option<Rfc3339>,
    /// When its owner erased its files, or all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    erased_at: Option<Rfc3339>,
    /// Its files, all of them stored completely; none before it is completed.
    outputs: Vec<OutputResource>,
    /// What it gives besides files. JSON that is too long for this, above 160 KB, is the output
    /// `result`.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Value>,
    /// The first file, if that is sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_url: Option<String>,
    /// The first file, if that is a video.
    #[serde(skip_serializing_if = "Option::is_none")]
    video_url: Option<String>,
    /// The first file, if that is a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    image_url: Option<String>,
    /// Why it failed.
    error: Option<JobError>,
    /// As it was sent.
    #[serde(serialize_with = "crate::json_object::as_json")]
    metadata: Option<JsonObject>,
    /// What was sent along for the provider's worker, as it was sent.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "crate::json_object::as_json"
    )]
    options: Option<JsonObject>,
    /// What a clipping job has besides.
    #[serde(flatten)]
    clipping: Option<ClippingResource>,
    /// The model that it trains.
    #[serde(skip_serializing_if = "Option::is_none")]
    model_id: Option<crate::ModelId>,
    /// The project of which it is a step.
    project_id: Option<ProjectId>,
    /// The scene of which it is a step.
    scene_id: Option<SceneId>,
    links: LinkResource,
}

#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Output"))]
struct OutputResource {
    /// What `?output=` asks for.
    name: String,
    /// Its place among those of the same name, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u32>,
    /// Leads to the file, with no key, for as long as it is kept.
    url: String,
    content_type: String,
    bytes: u64,
    /// Of its bytes, in hex.
    sha256: String,
    /// How long it plays.
    duration_ms: Option<u64>,
    /// What the provider says of it.
    #[serde(skip_serializing_if = "Map::is_empty")]
    attributes: Map<String, Value>,
}

/// The links of a job.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "JobLinks"))]
pub struct LinkResource {
    /// The job itself.
    #[serde(rename = "self")]
    this: String,
    /// Its first file.
    #[serde(skip_serializing_if = "Option::is_none")]
    download: Option<String>,
}

impl JobResource {
    /// The resource of `job`; `token` authorizes its download links.
    pub fn new(job: &Job, links: &Links, token: &str) -> Self {
        let shown = |output: &Output| OutputResource {
            name: output.name.clone(),
            index: output.index,
            url: links.download(&job.id, &output.name, token),
            content_type: output.content_type.clone(),
            bytes: output.bytes,
            sha256: output.sha256.clone(),
            duration_ms: output.duration_ms,
            attributes: output.attributes.clone(),
        };
        let outputs: Vec<_> = job.outputs.iter().map(shown).collect();
        let first = outputs.first().map(|output| output.url.clone());
        let step = job.step();
        // Of a clipping job without clips, it is the transcript.
        let media = match (job.kind(), job.outputs.first()) {
            (kind, Some(output)) if kind.media() == Media::Any || kind.may_be_partial() => {
                Media::of(&output.content_type)
            }
            (kind, _) => kind.media(),
        };
        let only = |wanted| first.clone().filter(|_| media == wanted);
        let clipping = ClippingResource::of(job);
        Self {
            job_id: job.id.clone(),
            kind: job.kind(),
            status: job.state.status(),
            step: job.state.step(),
            progress_percent: progress_percent(job),
            current_step: current_step(job).to_owned(),
            progress_count: match &clipping {
                Some(clipping) => clipping.progress_count(),
                None => job.progress_count,
            },
            cancel_requested: job.cancel_requested_at.is_some(),
            created_at: job.created_at.into(),
            started_at: job.started_at.map(Into::into),
            completed_at: job.completed_at.map(Into::into),
            expires_at: job.expires_at.map(Into::into),
            erased_at: job.erased.map(|erased| erased.at.into()),
            audio_url: only(Media::Audio),
            video_url: only(Media::Video),
            image_url: only(Media::Image),
            result: job.result.clone(),
            error: job.error.clone(),
            metadata: job.metadata.clone(),
            options: match &job.work {
                Work::Speech(speech) => speech.options.clone(),
                _ => None,
            },
            clipping,
            model_id: job.work.as_training().map(|training| training.model_id.clone()),
            scene_id: step.as_ref().and_then(Step::scene),
            project_id: step.map(|step| step.project),
            links: LinkResource { this: links.job(&job.id), download: first },
            outputs,
        }
    }
}

impl LinkResource {
    /// The links of a job that has no file yet.
    pub fn new(job: &crate::JobId, links: &Links) -> Self {
        Self { this: links.job(job), download: None }
    }
}

/// The progress follows from the state; a running job may have the provider's figure. It is kept
/// between the values of the states before and after, so it never decreases.
pub(crate) fn progress_percent(job: &Job) -> u8 {
    match job.state {
        JobState::Dispatched | JobState::Uncertain => 5,
        JobState::Running => job.progress_percent.unwrap_or_default().clamp(10, 90),
        JobState::Storing => 90,
        JobState::Completed => 100,
        JobState::Waiting | JobState::Queued | JobState::Failed | JobState::Cancelled => 0,
    }
}

pub(crate) fn current_step(job: &Job) -> &str {
    match job.state {
        JobState::Waiting => "Waiting for the step before",
        JobState::Queued => "Waiting for its turn",
        JobState::Dispatched => "Being handed to the provider",
        JobState::Uncertain => "The provider's answer was lost; waiting for its webhook",
        JobState::Running => job.progress_step.as_deref().unwrap_or("The provider is working"),
        JobState::Storing => "Storing the files",
        JobState::Completed => "Done",
        JobState::Failed => "Failed",
        JobState::Cancelled => "Cancelled",
    }
}

/// The body of a webhook about a job: the flat members of the async TTS API v1, and the job
/// resource in `data`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "JobEvent"))]
pub struct EventBody {
    #[serde(rename = "type")]
    event: EventType,
    /// When it happened.
    timestamp: Rfc3339,
    job_id: crate::JobId,
    status: JobStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    video_url: Option<String>,
    /// Why it failed, as a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    completed_at: Option<Rfc3339>,
    /// Of a clipping job: whether it is completed without some of its files, which `data.missing` names.
    #[serde(skip_serializing_if = "Option::is_none")]
    partial: Option<bool>,
    /// Of a clipping job: what it costs, once it is completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    credits: Option<u64>,
    /// The job as it was then.
    data: JobResource,
}

impl EventBody {
    /// The body of `event`, which occurred at `timestamp` and left the job as `data` shows.
    pub fn new(event: EventType, timestamp: Timestamp, data: JobResource) -> Self {
        let is_short = |json: &Value| json.to_string().len() <= limits::EVENT_RESULT_BYTES;
        let result = data.result.filter(is_short);
        let mut data = JobResource { result, ..data };
        let size = serde_json::to_string(&data.outputs).map_or(usize::MAX, |json| json.len());
        if size > limits::EVENT_OUTPUTS_BYTES {
            data.outputs.iter_mut().for_each(|output| output.attributes.clear());
        }
        Self {
            event,
            timestamp: timestamp.into(),
            job_id: data.job_id.clone(),
            status: data.status,
            audio_url: data.audio_url.clone(),
            video_url: data.video_url.clone(),
            error: data.error.as_ref().map(|error| error.message.clone()),
            completed_at: data.completed_at,
            partial: data.clipping.as_ref().map(|clipping| clipping.partial),
            credits: data.clipping.as_ref().and_then(|clipping| clipping.credits),
            data,
        }
    }
}
