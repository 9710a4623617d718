//! The service that takes the last frames of videos.

mod answer;
mod request;
mod webhook;

use domain::{InvalidField, JobKind, ProjectId, Step};
use serde_json::{Map, Value};

use crate::scene_service::{SceneService, settings};
use crate::webhook::Facts;
use crate::{Input, Settings};

/// The last-frame service.
#[derive(Debug)]
pub(crate) struct LastFrame;

impl SceneService for LastFrame {
    const NAME: &'static str = "last-frame";
    const KINDS: &'static [JobKind] = &[JobKind::LastFrame];
    const SETTINGS: Settings = settings(
        "LAST_FRAME_SERVICE_URL",
        "LAST_FRAME_API_KEY",
        "LAST_FRAME_WEBHOOK_SECRET",
        "LAST_FRAME_FILE_HOSTS",
        "LAST_FRAME_ON_UNCERTAIN",
    );
    const WEBHOOK: &'static str = "/api/webhooks/last-frame-complete";
    const WEBHOOKS_PER_MINUTE: u32 = 100;
    const EVENT_SUBJECT: &'static str = "extraction";
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
