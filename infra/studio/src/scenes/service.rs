//! Which of the three services: its path, and the names of its events.

/// A scene service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// Makes a scene's video.
    Video,
    /// Takes the last frame out of a video.
    LastFrame,
    /// Joins videos to a film.
    Stitch,
}

impl Service {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Video, Self::LastFrame, Self::Stitch];

    /// Where it stands below the studio's URL.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Video => "/scene-video",
            Self::LastFrame => "/last-frame",
            Self::Stitch => "/stitch",
        }
    }

    /// What it calls the two ends of a task that it reports, by seed 001: the good and the bad.
    #[must_use]
    pub const fn events(self) -> [&'static str; 2] {
        match self {
            Self::Video => ["task.completed", "task.failed"],
            Self::LastFrame => ["extraction.completed", "extraction.failed"],
            Self::Stitch => ["stitch.completed", "stitch.failed"],
        }
    }
}
