//! The kinds of job, and the sorts of media that they make.

use serde::{Deserialize, Serialize};

use crate::InvalidField;

/// What a job makes. The registry of providers says which provider takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Speech from text.
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

    /// The kind as clients read it and as it is stored.
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

    /// Whether its jobs are steps of a project: their ends release the next step, and the
    /// project, not the job, notifies its owner.
    #[must_use]
    pub const fn is_step(self) -> bool {
        match self {
            Self::Tts => false,
            Self::SceneVideo | Self::LastFrame | Self::Stitch => true,
        }
    }
}

impl std::str::FromStr for JobKind {
    type Err = InvalidField;

    fn from_str(text: &str) -> Result<Self, InvalidField> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            InvalidField::new("kind", format!("must be one of {known}"))
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
    /// The name of a job's first file, which `?output=` asks for.
    #[must_use]
    pub const fn output_name(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Image => "image",
        }
    }
}
