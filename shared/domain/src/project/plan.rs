//! The plan of a project: its scenes, and how they are joined.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::project::SceneId;
use crate::{InvalidField, Result, Timestamp, limits};

/// The plan of a project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Its scenes, in the order of the film.
    pub scenes: Vec<Scene>,
    /// How they are joined.
    pub stitch: Stitch,
    /// Picture size and frame rate, the same for all scenes.
    pub picture: Picture,
    /// The prompts that its owner has changed, the first change first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prompts_changed: Vec<PromptChange>,
}

/// A prompt that was changed when its scene was regenerated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptChange {
    /// When.
    pub at: Timestamp,
    /// The prompt before.
    pub old: String,
    /// The prompt since.
    pub new: String,
}

/// One scene.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scene {
    /// The prompt for the video service.
    pub prompt: String,
    /// Playing time in milliseconds.
    pub duration_ms: u32,
    /// Further options for the video service, as the client wrote them. They are stored as text:
    /// the table supports neither every number nor every depth of JSON.
    #[serde(default, skip_serializing_if = "Map::is_empty", with = "as_text")]
    pub options: Map<String, Value>,
}

/// How scenes are joined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stitch {
    /// The stitch service's name of the transition; `none` for a plain cut.
    pub transition: String,
    /// Duration of a transition in milliseconds. Each one shortens the film by it.
    pub transition_ms: u32,
}

impl Default for Stitch {
    /// A fade of half a second.
    fn default() -> Self {
        Self { transition: "fade".to_owned(), transition_ms: 500 }
    }
}

/// Picture size and frame rate of a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// Width in pixels.
    pub width: u16,
    /// Height in pixels.
    pub height: u16,
    /// Frames per second.
    pub fps: u16,
}

impl Default for Picture {
    fn default() -> Self {
        Self { width: 1280, height: 720, fps: 24 }
    }
}

impl Plan {
    /// The scene `id`, if it exists.
    pub fn scene(&self, id: SceneId) -> Option<&Scene> {
        self.scenes.get(id.index())
    }

    /// The plan without what its owner has written into it.
    #[must_use]
    pub fn without_text(&self) -> Self {
        let bare = |scene: &Scene| Scene {
            prompt: String::new(),
            duration_ms: scene.duration_ms,
            options: Map::new(),
        };
        let scenes = self.scenes.iter().map(bare).collect();
        Self { scenes, prompts_changed: Vec::new(), ..self.clone() }
    }

    /// The number of scenes.
    pub fn count(&self) -> u16 {
        u16::try_from(self.scenes.len()).unwrap_or(u16::MAX)
    }

    /// Checks the limits of the whole plan.
    pub fn check(self) -> Result<Self> {
        let limit = limits::SCENES;
        if self.scenes.is_empty() || self.scenes.len() > limit {
            return Err(InvalidField::new("scenes", format!("must be 1 to {limit} scenes")));
        }
        if self.scenes.iter().map(Scene::bytes).sum::<usize>() > limits::PLAN_BYTES {
            let limit = limits::PLAN_BYTES;
            let message = format!("must have at most {limit} bytes of prompts and options");
            return Err(InvalidField::new("scenes", message));
        }
        let shortest = self.scenes.iter().map(|scene| scene.duration_ms).min().unwrap_or(0);
        let is_joined = self.scenes.len() > 1 && self.stitch.transition != "none";
        // Every scene but the first and the last takes part in two transitions.
        if is_joined && self.stitch.transition_ms * 2 > shortest {
            let message = "must be at most half as long as the shortest scene";
            return Err(InvalidField::new("stitch.transition_duration", message));
        }
        Ok(self)
    }
}

impl Scene {
    /// Validates a scene. `duration` is in seconds.
    pub fn new(prompt: String, duration: f64, options: Map<String, Value>) -> Result<Self> {
        InvalidField::check_text("prompt", &prompt, limits::PROMPT_CHARACTERS)?;
        let duration_ms = milliseconds("duration", duration, 0.5..=60.0)?;
        if json_bytes(&options) > limits::OPTIONS_BYTES {
            let message = format!("must be at most {} bytes of JSON", limits::OPTIONS_BYTES);
            return Err(InvalidField::new("options", message));
        }
        Ok(Self { prompt, duration_ms, options })
    }

    fn bytes(&self) -> usize {
        self.prompt.len() + json_bytes(&self.options)
    }

    /// Playing time in seconds.
    pub fn seconds(&self) -> f64 {
        f64::from(self.duration_ms) / 1000.0
    }
}

fn json_bytes(options: &Map<String, Value>) -> usize {
    serde_json::to_string(options).map_or(usize::MAX, |json| json.len())
}

/// Serialises an object as JSON text.
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

/// `seconds`, the value of `field`, in milliseconds, if it lies in `range`.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "its range is checked")]
fn milliseconds(field: &str, seconds: f64, range: RangeInclusive<f64>) -> Result<u32> {
    if !range.contains(&seconds) {
        let message = format!("must be {} to {} seconds", range.start(), range.end());
        return Err(InvalidField::new(field, message));
    }
    Ok((seconds * 1000.0).round() as u32)
}

impl Stitch {
    /// Validates how scenes are joined. `duration` is in seconds.
    pub fn new(transition: Option<String>, duration: Option<f64>) -> Result<Self> {
        let default = Self::default();
        let transition = transition.unwrap_or(default.transition);
        let plain = |c: char| c.is_ascii_lowercase() || matches!(c, '_' | '-');
        if transition.is_empty() || transition.len() > 32 || !transition.chars().all(plain) {
            let message = "must be the name of a transition, like fade or none";
            return Err(InvalidField::new("stitch.transition", message));
        }
        if transition == "none" {
            return Ok(Self { transition, transition_ms: 0 });
        }
        let transition_ms = duration.map_or(Ok(default.transition_ms), |seconds| {
            milliseconds("stitch.transition_duration", seconds, 0.0..=5.0)
        })?;
        Ok(Self { transition, transition_ms })
    }
}

impl Picture {
    /// Validates picture size and frame rate. Sizes are even, since video codecs halve them.
    pub fn new(width: Option<u16>, height: Option<u16>, fps: Option<u16>) -> Result<Self> {
        let default = Self::default();
        let size = |field: &'static str, pixels: Option<u16>, default: u16| match pixels {
            None => Ok(default),
            Some(pixels) if (16..=4096).contains(&pixels) && pixels % 2 == 0 => Ok(pixels),
            Some(_) => Err(InvalidField::new(field, "must be an even number from 16 to 4096")),
        };
        let fps = match fps {
            None => default.fps,
            Some(fps) if (1..=60).contains(&fps) => fps,
            Some(_) => return Err(InvalidField::new("fps", "must be 1 to 60")),
        };
        let width = size("width", width, default.width)?;
        let height = size("height", height, default.height)?;
        Ok(Self { width, height, fps })
    }
}
