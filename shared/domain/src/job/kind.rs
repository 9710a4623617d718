//! The kinds of job, and the sorts of media that they make.

use std::time::Duration;

use crate::{limits, named};

named! {
    /// What a job makes. The registry of providers says which provider takes it.
    #[derive(Hash)]
    #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
    pub enum JobKind {
        /// Speech from text.
        Tts = "tts",
        /// The video of a project's scene.
        SceneVideo = "scene_video",
        /// The last frame of such a video.
        LastFrame = "last_frame",
        /// A project's film, from the videos of its scenes.
        Stitch = "stitch",
        /// A model of the client's own, trained from another.
        Training = "training",
        /// Whatever a model makes of its input.
        Prediction = "prediction",
        /// Clips of a long video.
        Clipping = "clipping",
    }
    else "kind", format!("must be one of {}", JobKind::ALL.map(JobKind::as_str).join(", "))
}

impl JobKind {
    /// What its first file is, which names the link in answers (`audio_url`).
    pub const fn media(self) -> Media {
        match self {
            Self::Tts => Media::Audio,
            Self::SceneVideo | Self::Stitch | Self::Clipping => Media::Video,
            Self::LastFrame => Media::Image,
            Self::Training | Self::Prediction => Media::Any,
        }
    }

    /// How long a provider may work on one attempt, unless the job says otherwise.
    pub const fn run_deadline(self) -> Duration {
        match self {
            Self::Training => limits::TRAINING_DEADLINE,
            Self::Tts
            | Self::SceneVideo
            | Self::LastFrame
            | Self::Stitch
            | Self::Prediction
            | Self::Clipping => limits::RUN_DEADLINE,
        }
    }

    /// Whether something else is saved with an end of its jobs: the next step or the project's end,
    /// or the model.
    pub const fn is_followed(self) -> bool {
        self.is_step() || matches!(self, Self::Training)
    }

    /// Whether a job that has several files is completed without those of them that cannot be had, and
    /// names these.
    pub const fn may_be_partial(self) -> bool {
        matches!(self, Self::Clipping)
    }

    /// Whether its jobs are steps of a project: their ends release the next step, and the
    /// project, not the job, notifies its owner.
    pub const fn is_step(self) -> bool {
        match self {
            Self::Tts | Self::Training | Self::Prediction | Self::Clipping => false,
            Self::SceneVideo | Self::LastFrame | Self::Stitch => true,
        }
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
    /// Files of any sort, or none.
    Any,
}

impl Media {
    /// The media that a file of `content_type` is.
    pub fn of(content_type: &str) -> Self {
        match content_type.split_once('/') {
            Some(("audio", _)) => Self::Audio,
            Some(("video", _)) => Self::Video,
            Some(("image", _)) => Self::Image,
            _ => Self::Any,
        }
    }

    /// The name of a job's first file, which `?output=` asks for.
    pub const fn output_name(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Image => "image",
            Self::Any => "output",
        }
    }
}
