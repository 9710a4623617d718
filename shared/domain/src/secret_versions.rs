//! Which versions of a secret are valid. A rotation makes a new one, and the old one signs along
//! for an overlap, so that receivers can follow without missing a webhook.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The versions of one secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretVersions {
    /// The present one.
    pub current: u32,
    /// Earlier ones, each until when it still signs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub previous: Vec<PreviousVersion>,
}

/// A version that has been rotated away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousVersion {
    /// Its number.
    pub version: u32,
    /// Until when it signs.
    pub valid_until: Timestamp,
}

impl Default for SecretVersions {
    /// The first version and no other.
    fn default() -> Self {
        Self { current: 1, previous: Vec::new() }
    }
}

impl SecretVersions {
    /// The versions that sign at `now`, the current one first.
    pub fn valid_at(&self, now: Timestamp) -> impl Iterator<Item = u32> {
        let previous = self.previous.iter().filter(move |previous| previous.valid_until > now);
        std::iter::once(self.current).chain(previous.map(|previous| previous.version))
    }

    /// A new version from `now` on; the present one signs along for `overlap`.
    #[must_use]
    pub fn rotated(&self, now: Timestamp, overlap: Duration) -> Self {
        let mut previous = self.previous.clone();
        previous.push(PreviousVersion { version: self.current, valid_until: now + overlap });
        previous.retain(|previous| previous.valid_until > now);
        Self { current: self.current + 1, previous }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_version_signs_until_its_overlap_ends() {
        let now = Timestamp::from_millis(0);
        let day = Duration::from_hours(24);
        let twice = SecretVersions::default().rotated(now, day).rotated(now, day * 2);
        assert_eq!(twice.valid_at(now).collect::<Vec<_>>(), [3, 1, 2]);
        assert_eq!(twice.valid_at(now + day).collect::<Vec<_>>(), [3, 2]);
        assert_eq!(twice.valid_at(now + day * 2).collect::<Vec<_>>(), [3]);
        assert_eq!(SecretVersions::default().rotated(now, Duration::ZERO).previous, []);
    }
}
