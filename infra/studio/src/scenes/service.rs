//! The three services: their paths and event types.

/// A scene service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// Makes a scene's video.
    Video,
    /// Extracts the last frame of a video.
    LastFrame,
    /// Joins videos to a film.
    Stitch,
}

impl Service {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Video, Self::LastFrame, Self::Stitch];

    /// Its path below the studio's URL.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Video => "/scene-video",
            Self::LastFrame => "/last-frame",
            Self::Stitch => "/stitch",
        }
    }

    /// The event types of a completed and a failed task in the scene service webhook.
    #[must_use]
    pub const fn events(self) -> [&'static str; 2] {
        match self {
            Self::Video => ["task.completed", "task.failed"],
            Self::LastFrame => ["extraction.completed", "extraction.failed"],
            Self::Stitch => ["stitch.completed", "stitch.failed"],
        }
    }
}
