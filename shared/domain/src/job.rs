//! A job: one piece of work at one provider, from request to files.

use serde::{Deserialize, Serialize};

use crate::metadata::Metadata;
use crate::tts::{AudioFormat, TtsRequest};
use crate::{Attempt, InvalidField, JobId, JobState, OwnerId, Timestamp};

/// What a job makes, which decides who it is sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Speech from text, at RunPod.
    Tts,
    /// The video of a project's scene.
    SceneVideo,
    /// The last frame of such a video.
    LastFrame,
    /// A project's film, from the videos of its scenes.
    Stitch,
}

impl JobKind {
    /// Every kind there is.
    pub const ALL: [Self; 4] = [Self::Tts, Self::SceneVideo, Self::LastFrame, Self::Stitch];

    /// The kind as clients read it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tts => "tts",
            Self::SceneVideo => "scene_video",
            Self::LastFrame => "last_frame",
            Self::Stitch => "stitch",
        }
    }

    /// What its first file is, which names the link in answers (`audio_url`).
    #[must_use]
    pub const fn media(self) -> Media {
        match self {
            Self::Tts => Media::Audio,
            Self::SceneVideo | Self::Stitch => Media::Video,
            Self::LastFrame => Media::Image,
        }
    }
}

impl std::str::FromStr for JobKind {
    type Err = InvalidField;

    fn from_str(text: &str) -> Result<Self, InvalidField> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| {
            InvalidField::new("kind", "must be tts, scene_video, last_frame or stitch")
        })
    }
}

/// The sorts of media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// Sound alone.
    Audio,
    /// Pictures, with or without sound.
    Video,
    /// One picture.
    Image,
}

impl Media {
    /// What a job's first file is called, and asked for by `?output=`.
    #[must_use]
    pub const fn output_name(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Image => "image",
        }
    }
}

/// A job as it is stored. Everything a client, a worker or the stream needs to know of it is
/// here, but for a long text, which lies in an item of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Whose it is.
    pub owner: OwnerId,
    /// What it makes.
    pub kind: JobKind,
    /// Where it stands.
    pub state: JobState,
    /// The attempt that counts; 0 until it is first dispatched.
    pub attempt: Attempt,
    /// How many attempts a provider took and came to nothing.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lost_attempts: u32,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When its first attempt was claimed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it came to its present state.
    pub state_since: Timestamp,
    /// When it ended, in whatever way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    /// When its owner asked to end it while a provider was at work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_requested_at: Option<Timestamp>,
    /// When the provider's unsigned word of an end came in; it is asked before it is believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported_at: Option<Timestamp>,
    /// How far the present attempt is, 0 to 100, if its provider has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress_percent: Option<u8>,
    /// When that was saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress_at: Option<Timestamp>,
    /// The task that the provider runs for the present attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_task: Option<String>,
    /// When the provider accepted the present attempt. Kept of a project's steps: an item of a
    /// job by itself has no byte to spare below 1 KB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<Timestamp>,
    /// Where the provider offers the file, once it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<FileSource>,
    /// The files in our bucket.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<Output>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<JobError>,
    /// Where its owner wants to be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_url: Option<String>,
    /// What its owner attached to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// SHA-256 of the request's body, hex; kept when an idempotency key was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_sha256: Option<String>,
    /// What to do, where it is short; otherwise it lies in the item beside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<TtsRequest>,
    /// The file format asked for, where the job makes audio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<AudioFormat>,
    /// How many scenes its project has; 0 if it is no step of one.
    #[serde(default, skip_serializing_if = "is_zero_scenes")]
    pub scenes: u16,
    /// Whether the present attempt was given another provider's address of what it works on,
    /// since our own copy was not there yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub borrowed: bool,
    /// The attempts that came to nothing or were superseded, the first one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<PastAttempt>,
}

impl Job {
    /// A new job that waits to be dispatched.
    #[must_use]
    pub const fn new(id: JobId, owner: OwnerId, kind: JobKind, now: Timestamp) -> Self {
        Self {
            id,
            owner,
            kind,
            state: JobState::Queued,
            attempt: Attempt(0),
            lost_attempts: 0,
            created_at: now,
            started_at: None,
            state_since: now,
            completed_at: None,
            cancel_requested_at: None,
            reported_at: None,
            progress_percent: None,
            progress_at: None,
            provider_task: None,
            accepted_at: None,
            source: None,
            outputs: Vec::new(),
            error: None,
            webhook_url: None,
            metadata: None,
            request_sha256: None,
            request: None,
            format: None,
            scenes: 0,
            borrowed: false,
            history: Vec::new(),
        }
    }
}

/// An attempt that no longer counts, and what it left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastAttempt {
    /// Which.
    pub attempt: Attempt,
    /// When it ceased to count.
    pub at: Timestamp,
    /// Why, in words meant for the job's owner.
    pub reason: String,
    /// What its provider called it, if it had answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_task: Option<String>,
    /// When its first dispatch was, of those that this entry stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When its provider had accepted it, if it had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<Timestamp>,
    /// When it had ended the job, if it had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    /// Why it had failed, if it had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<JobError>,
    /// Its files, which are kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<Output>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference to the field")]
const fn is_zero_scenes(number: &u16) -> bool {
    *number == 0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference to the field")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A file that a provider offers, for a while.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSource {
    /// Where to fetch it.
    pub download_url: String,
    /// Where to say that it has arrived, if the provider waits for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation_url: Option<String>,
    /// What the provider calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// Where to fetch a small picture of it, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbnail_url: Option<String>,
    /// How long it plays, in milliseconds, as the provider says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
}

/// A file in our bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// What it is called, and what a client may ask for by `?output=`.
    pub name: String,
    /// Its key in the bucket.
    pub key: String,
    /// Its media type, read off its first bytes.
    pub content_type: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
    /// How long it plays, in milliseconds, where its header says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
}

/// Why a job failed, in words meant for its owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobError {
    /// A word for programs.
    pub code: ErrorCode,
    /// A sentence for people.
    pub message: String,
}

impl JobError {
    /// Pairs a code with its sentence.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// The ways a job fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The provider would not take the request.
    ProviderRejected,
    /// The provider took it and failed.
    ProviderFailed,
    /// Nobody took it in time.
    StartTimeout,
    /// The provider did not end in time.
    RunTimeout,
    /// The provider's file could not be fetched before it was gone.
    FileLost,
    /// The provider's file is not what was asked for.
    FileInvalid,
}
