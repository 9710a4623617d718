//! What the stitch service answers, beyond the protocol that the scene services share.

/// The member that holds the film's URL.
pub(super) const FILE_FIELD: &str = "final_video_url";
