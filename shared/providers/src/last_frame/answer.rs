//! What the last-frame service answers, beyond the protocol that the scene services share.

/// The member that holds the picture's URL.
pub(super) const FILE_FIELD: &str = "last_frame_url";
