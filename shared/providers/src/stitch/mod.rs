//! The service that makes one film of the videos of scenes.

mod answer;
mod request;
mod webhook;

use domain::{InvalidField, JobKind, ProjectId, Step};
use serde_json::{Map, Value};

use crate::scene_service::{SceneService, settings};
use crate::webhook::Facts;
use crate::{Input, Settings};

/// The stitch service.
#[derive(Debug)]
pub(crate) struct Stitch;

impl SceneService for Stitch {
    const NAME: &'static str = "stitch";
    const KINDS: &'static [JobKind] = &[JobKind::Stitch];
    const SETTINGS: Settings = settings(
        "STITCH_SERVICE_URL",
        "STITCH_API_KEY",
        "STITCH_WEBHOOK_SECRET",
        "STITCH_FILE_HOSTS",
        "STITCH_ON_UNCERTAIN",
    );
    const WEBHOOK: &'static str = "/api/webhooks/stitch-complete";
    const WEBHOOKS_PER_MINUTE: u32 = 50;
    const EVENT_SUBJECT: &'static str = "stitch";
    const FILE_FIELD: &'static str = answer::FILE_FIELD;

    fn request(input: &Input) -> Option<Value> {
        request::body(input)
    }

    fn step(project: ProjectId, _: &Map<String, Value>) -> Result<Step, InvalidField> {
        Ok(webhook::step(project))
    }

    fn facts(facts: &Facts) -> Value {
        webhook::facts(facts)
    }
}

#[cfg(test)]
mod tests;
