//! What the scene-video service answers, beyond the protocol that the scene services share.

/// The member that holds the video's URL.
pub(super) const FILE_FIELD: &str = "video_url";
