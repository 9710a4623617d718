//! Which of the three services it is.

use std::fmt;
use std::str::FromStr;

use domain::{InvalidField, JobKind};

/// A service that does one kind of step of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// Makes a scene's video.
    Video,
    /// Takes the last frame of a video.
    LastFrame,
    /// Makes one film of the scenes' videos.
    Stitch,
}

impl Service {
    /// Every service there is.
    pub const ALL: [Self; 3] = [Self::Video, Self::LastFrame, Self::Stitch];

    /// The service that does jobs of `kind`, if one of these does.
    #[must_use]
    pub const fn of(kind: JobKind) -> Option<Self> {
        match kind {
            JobKind::Tts => None,
            JobKind::SceneVideo => Some(Self::Video),
            JobKind::LastFrame => Some(Self::LastFrame),
            JobKind::Stitch => Some(Self::Stitch),
        }
    }

    /// The kind of job that it does.
    #[must_use]
    pub const fn kind(self) -> JobKind {
        match self {
            Self::Video => JobKind::SceneVideo,
            Self::LastFrame => JobKind::LastFrame,
            Self::Stitch => JobKind::Stitch,
        }
    }

    /// Its name, as it is kept with its webhooks and told in logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Video => "scene-video",
            Self::LastFrame => "last-frame",
            Self::Stitch => "stitch",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Service {
    type Err = InvalidField;

    fn from_str(text: &str) -> Result<Self, InvalidField> {
        Self::ALL.into_iter().find(|service| service.name() == text).ok_or_else(|| {
            InvalidField::new("service", "must be scene-video, last-frame or stitch")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_name_and_its_kind() {
        for service in Service::ALL {
            assert_eq!(service.to_string().parse(), Ok(service));
            assert_eq!(Service::of(service.kind()), Some(service));
        }
        assert_eq!(Service::of(JobKind::Tts), None);
        assert!("runpod".parse::<Service>().is_err());
    }
}
