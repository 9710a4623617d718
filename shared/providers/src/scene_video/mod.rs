//! The service that makes the videos of scenes.

mod answer;
mod request;
mod webhook;

use domain::{InvalidField, JobKind, ProjectId, Step};
use serde_json::{Map, Value};

use crate::scene_service::{SceneService, settings};
use crate::webhook::Facts;
use crate::{Input, Settings};

/// The scene-video service.
#[derive(Debug)]
pub(crate) struct SceneVideo;

impl SceneService for SceneVideo {
    const NAME: &'static str = "scene-video";
    const KINDS: &'static [JobKind] = &[JobKind::SceneVideo];
    const SETTINGS: Settings = settings(
        "VIDEO_GENERATION_SERVICE",
        "VIDEO_GENERATION_API_KEY",
        "VIDEO_WEBHOOK_SECRET",
        "VIDEO_FILE_HOSTS",
        "VIDEO_ON_UNCERTAIN",
    );
    const WEBHOOK: &'static str = "/api/webhooks/video-complete";
    const WEBHOOKS_PER_MINUTE: u32 = 100;
    const EVENT_SUBJECT: &'static str = "task";
    const FILE_FIELD: &'static str = answer::FILE_FIELD;

    fn request(input: &Input) -> Option<Value> {
        request::body(input)
    }

    fn step(project: ProjectId, object: &Map<String, Value>) -> Result<Step, InvalidField> {
        webhook::step(project, object)
    }

    fn facts(facts: &Facts) -> Value {
        webhook::facts(facts)
    }
}

#[cfg(test)]
mod tests;
