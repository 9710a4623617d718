//! What a job has to do, by its kind.
//!
//! A stored job holds it flat, beside its own attributes: `kind` names the variant. A further
//! kind of job is a further variant here and in [`JobKind`].

use serde::{Deserialize, Serialize};
use serde_with_macros::skip_serializing_none;

use crate::JobKind;
use crate::json_object::JsonObject;
use crate::model::{ModelId, ModelName, ModelTarget, VersionId};
use crate::tts::{AudioFormat, TtsRequest};

/// What a job has to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Work {
    /// Speaks a text.
    #[serde(rename = "tts")]
    Speech(Speech),
    /// Makes the video of a project's scene.
    SceneVideo(StepWork),
    /// Takes the last frame of such a video.
    LastFrame(StepWork),
    /// Makes a project's film of the videos of its scenes.
    Stitch(StepWork),
    /// Trains a model.
    Training(Training),
    /// Runs a model.
    Prediction(Prediction),
    /// Cuts a long video into clips.
    Clipping(Clipping),
}

/// What a speech job has to do.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Speech {
    /// The request, where it is short; otherwise it lies in the item beside.
    pub request: Option<TtsRequest>,
    /// The file format asked for.
    #[serde(default)]
    pub format: AudioFormat,
    /// What its owner sends along for the provider's worker; in the job itself, which shows it.
    pub options: Option<JsonObject>,
}

/// What a step of a project has to do. Its id names its project and scene.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepWork {
    /// How many scenes its project has.
    #[serde(default)]
    pub scenes: u16,
    /// Whether the present attempt was given the upstream source, which is another provider's,
    /// since our own copy was not stored yet.
    #[serde(default, rename = "borrowed", skip_serializing_if = "std::ops::Not::not")]
    pub upstream_source: bool,
}

/// What a training has to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Training {
    /// The model that it makes.
    pub model_id: ModelId,
    /// Where the provider puts that model: `owner/name`.
    pub destination: ModelName,
    /// The model that is trained from.
    pub model: ModelName,
    /// Which version of that.
    pub version: VersionId,
    /// The request, where it is short; otherwise it lies in the item beside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<ModelRequest>,
}

/// What a prediction has to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prediction {
    /// What runs.
    pub target: ModelTarget,
    /// The request, where it is short; otherwise it lies in the item beside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<ModelRequest>,
}

/// What a clipping job has to do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clipping {
    /// The request, where it is short; otherwise it lies in the item beside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<ClippingRequest>,
}

/// What a clipping worker is given.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClippingRequest {
    /// The video.
    pub video_url: String,
    /// How many clips it makes at most; the worker decides if there is none.
    pub max_clips: Option<u32>,
}

/// What a model is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelRequest {
    /// The members that the model reads, as they were sent.
    pub input: JsonObject,
}

impl Work {
    /// Its kind.
    pub const fn kind(&self) -> JobKind {
        match self {
            Self::Speech(_) => JobKind::Tts,
            Self::SceneVideo(_) => JobKind::SceneVideo,
            Self::LastFrame(_) => JobKind::LastFrame,
            Self::Stitch(_) => JobKind::Stitch,
            Self::Training(_) => JobKind::Training,
            Self::Prediction(_) => JobKind::Prediction,
            Self::Clipping(_) => JobKind::Clipping,
        }
    }

    /// The work of a step, if it is one.
    pub const fn as_step(&self) -> Option<StepWork> {
        match self {
            Self::Speech(_) | Self::Training(_) | Self::Prediction(_) | Self::Clipping(_) => None,
            Self::SceneVideo(step) | Self::LastFrame(step) | Self::Stitch(step) => Some(*step),
        }
    }

    /// The audio format that its file must have; `None` where it makes no audio.
    pub const fn audio_format(&self) -> Option<AudioFormat> {
        match self {
            Self::Speech(speech) => Some(speech.format),
            _ => None,
        }
    }

    /// What its model is given, if it has one: `None` within, if that lies in the item beside.
    pub const fn model_request(&self) -> Option<Option<&ModelRequest>> {
        match self {
            Self::Training(training) => Some(training.request.as_ref()),
            Self::Prediction(prediction) => Some(prediction.request.as_ref()),
            _ => None,
        }
    }

    /// The training that it is, if it is one.
    pub const fn as_training(&self) -> Option<&Training> {
        match self {
            Self::Training(training) => Some(training),
            _ => None,
        }
    }
}
