//! What a project is to become: its scenes, and how they are joined.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::project::SceneId;
use crate::{InvalidField, limits};

/// The plan of a project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Its scenes, in the order of the film.
    pub scenes: Vec<Scene>,
    /// How they are joined.
    pub stitch: Stitch,
    /// The pictures' size and rate, the same in all scenes.
    pub picture: Picture,
}

/// One scene.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scene {
    /// What is to be seen.
    pub prompt: String,
    /// How long it plays, in milliseconds.
    pub duration_ms: u32,
    /// What else the video service is told, as the client wrote it. It is stored as text: the
    /// table holds neither every number nor every depth that JSON has.
    #[serde(default, skip_serializing_if = "Map::is_empty", with = "as_text")]
    pub options: Map<String, Value>,
}

/// How scenes are joined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stitch {
    /// The kind of transition, in the stitch service's words; `none` for a plain cut.
    pub transition: String,
    /// How long one takes, in milliseconds. The film is shorter by it at every joint.
    pub transition_ms: u32,
}

impl Default for Stitch {
    /// A fade of half a second.
    fn default() -> Self {
        Self { transition: "fade".to_owned(), transition_ms: 500 }
    }
}

/// The pictures of a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// Pixels across.
    pub width: u16,
    /// Pixels down.
    pub height: u16,
    /// Pictures a second.
    pub fps: u16,
}

impl Default for Picture {
    fn default() -> Self {
        Self { width: 1280, height: 720, fps: 24 }
    }
}

impl Plan {
    /// The scene `id`, if there is one.
    #[must_use]
    pub fn scene(&self, id: SceneId) -> Option<&Scene> {
        self.scenes.get(id.index())
    }

    /// How many scenes there are.
    #[must_use]
    pub fn count(&self) -> u16 {
        u16::try_from(self.scenes.len()).unwrap_or(u16::MAX)
    }

    /// Checks that the parts fit together.
    pub fn check(self) -> Result<Self, InvalidField> {
        let most = limits::SCENES;
        if self.scenes.is_empty() || self.scenes.len() > most {
            return Err(InvalidField::new("scenes", format!("must be 1 to {most} scenes")));
        }
        if self.scenes.iter().map(Scene::bytes).sum::<usize>() > limits::PLAN_BYTES {
            let message =
                format!("must hold at most {} bytes of prompts and options", limits::PLAN_BYTES);
            return Err(InvalidField::new("scenes", message));
        }
        let shortest = self.scenes.iter().map(|scene| scene.duration_ms).min().unwrap_or(0);
        let is_joined = self.scenes.len() > 1 && self.stitch.transition != "none";
        // Two transitions lie in each scene but the first and the last.
        if is_joined && self.stitch.transition_ms * 2 > shortest {
            let message = "must be at most half as long as the shortest scene";
            return Err(InvalidField::new("stitch.transition_duration", message));
        }
        Ok(self)
    }
}

impl Scene {
    /// Checks the parts of a scene. `duration` is in seconds.
    pub fn new(
        prompt: String,
        duration: f64,
        options: Map<String, Value>,
    ) -> Result<Self, InvalidField> {
        check_prompt(&prompt)?;
        let duration_ms = scene_duration_ms(duration)?;
        if json_bytes(&options) > limits::SCENE_OPTIONS_BYTES {
            let message = format!("must be at most {} bytes of JSON", limits::SCENE_OPTIONS_BYTES);
            return Err(InvalidField::new("options", message));
        }
        Ok(Self { prompt, duration_ms, options })
    }

    fn bytes(&self) -> usize {
        self.prompt.len() + json_bytes(&self.options)
    }

    /// How long it plays, in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        f64::from(self.duration_ms) / 1000.0
    }
}

fn json_bytes(options: &Map<String, Value>) -> usize {
    serde_json::to_string(options).map_or(usize::MAX, |json| json.len())
}

/// An object in the form of JSON text.
mod as_text {
    use serde::{Deserialize, Deserializer, Serializer, de, ser};
    use serde_json::{Map, Value};

    pub(super) fn serialize<S: Serializer>(
        object: &Map<String, Value>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&serde_json::to_string(object).map_err(ser::Error::custom)?)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Map<String, Value>, D::Error> {
        let text = String::deserialize(deserializer)?;
        serde_json::from_str(&text).map_err(de::Error::custom)
    }
}

/// Checks a prompt.
pub fn check_prompt(prompt: &str) -> Result<(), InvalidField> {
    if prompt.trim().is_empty() {
        return Err(InvalidField::new("prompt", "must not be empty"));
    }
    if prompt.chars().count() > limits::PROMPT_CHARACTERS {
        let message = format!("must be at most {} characters", limits::PROMPT_CHARACTERS);
        return Err(InvalidField::new("prompt", message));
    }
    if prompt.chars().any(|c| c.is_control() && !c.is_whitespace()) {
        return Err(InvalidField::new("prompt", "must hold no control characters"));
    }
    Ok(())
}

/// A scene's duration in milliseconds, from seconds.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "its range is checked")]
pub fn scene_duration_ms(seconds: f64) -> Result<u32, InvalidField> {
    if !(0.5..=60.0).contains(&seconds) {
        return Err(InvalidField::new("duration", "must be 0.5 to 60 seconds"));
    }
    Ok((seconds * 1000.0).round() as u32)
}

impl Stitch {
    /// Checks how scenes are to be joined. `duration` is in seconds.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked range")]
    pub fn new(transition: Option<String>, duration: Option<f64>) -> Result<Self, InvalidField> {
        let usual = Self::default();
        let transition = transition.unwrap_or(usual.transition);
        let plain = |c: char| c.is_ascii_lowercase() || matches!(c, '_' | '-');
        if transition.is_empty() || transition.len() > 32 || !transition.chars().all(plain) {
            let message = "must be the name of a transition, like fade or none";
            return Err(InvalidField::new("stitch.transition", message));
        }
        if transition == "none" {
            return Ok(Self { transition, transition_ms: 0 });
        }
        match duration {
            None => Ok(Self { transition, ..usual }),
            Some(seconds) if (0.0..=5.0).contains(&seconds) => {
                Ok(Self { transition, transition_ms: (seconds * 1000.0).round() as u32 })
            }
            Some(_) => {
                Err(InvalidField::new("stitch.transition_duration", "must be 0 to 5 seconds"))
            }
        }
    }
}

impl Picture {
    /// Checks the pictures' size and rate. Sizes are even, since video codecs halve them.
    pub fn new(
        width: Option<u16>,
        height: Option<u16>,
        fps: Option<u16>,
    ) -> Result<Self, InvalidField> {
        let usual = Self::default();
        let size = |field: &'static str, asked: Option<u16>, usual: u16| match asked {
            None => Ok(usual),
            Some(pixels) if (16..=4096).contains(&pixels) && pixels % 2 == 0 => Ok(pixels),
            Some(_) => Err(InvalidField::new(field, "must be an even number from 16 to 4096")),
        };
        let fps = match fps {
            None => usual.fps,
            Some(fps) if (1..=60).contains(&fps) => fps,
            Some(_) => return Err(InvalidField::new("fps", "must be 1 to 60")),
        };
        let width = size("width", width, usual.width)?;
        let height = size("height", height, usual.height)?;
        Ok(Self { width, height, fps })
    }
}
