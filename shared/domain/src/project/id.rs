//! The ids of projects and scenes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{json_text, made_id, text_id};
use crate::{InvalidField, OwnerId, Timestamp};

/// Maximum length of a project id from outside, in bytes: a step's id contains it.
const MAX_LENGTH: usize = 48;
/// Digits of a scene's number.
const DIGITS: usize = 3;

/// A project. Its text is `proj_` and a UUID, without `-`, which separates the parts of step ids.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProjectId(String);

text_id!(ProjectId, "proj_", MAX_LENGTH, "project_id", "must be a project id, like proj_0190…");
made_id!(ProjectId, "proj_", "project");

/// A scene, by its number in its project, from 1. Its text is `scene_001`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SceneId(u16);

impl SceneId {
    /// The first scene.
    pub const FIRST: Self = Self(1);

    /// The scene `number`, from 1.
    pub const fn new(number: u16) -> Self {
        Self(number)
    }

    /// Its number, from 1.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// Its index in a list, from 0.
    pub fn index(self) -> usize {
        usize::from(self.0.saturating_sub(1))
    }

    /// The scene after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The scene before this one, unless it is the first.
    pub const fn previous(self) -> Option<Self> {
        if self.0 <= 1 { None } else { Some(Self(self.0 - 1)) }
    }

    /// The scenes of a project with `scenes` of them.
    pub fn all(scenes: u16) -> impl Iterator<Item = Self> {
        (1..=scenes).map(Self)
    }
}

impl fmt::Display for SceneId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "scene_{:03}", self.0)
    }
}

impl FromStr for SceneId {
    type Err = InvalidField;

    fn from_str(text: &str) -> Result<Self, InvalidField> {
        let digits = text.strip_prefix("scene_").filter(|digits| {
            digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit())
        });
        let number = digits.and_then(|digits| digits.parse().ok()).filter(|number| *number > 0);
        let wrong = || InvalidField::new("scene_id", "must be a scene id, like scene_001");
        number.map(Self).ok_or_else(wrong)
    }
}

json_text!(SceneId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scene_id_is_its_number() {
        assert_eq!(SceneId::new(7).to_string(), "scene_007");
        assert_eq!("scene_007".parse(), Ok(SceneId::new(7)));
        for text in ["scene_7", "scene_000", "scene_+07", "scene_0007", "Scene_007", ""] {
            assert!(text.parse::<SceneId>().is_err(), "{text}");
        }
    }

    #[test]
    fn project_id_has_no_hyphen() {
        assert!("proj_xyz".parse::<ProjectId>().is_ok());
        for text in ["", "proj-1", "proj_a-b", "job_1", "proj_a#b"] {
            assert!(text.parse::<ProjectId>().is_err(), "{text}");
        }
    }
}
