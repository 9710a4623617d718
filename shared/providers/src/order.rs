//! What a provider is asked to do: one attempt of a job, with everything it works on.

use std::fmt;

use domain::job::{ClippingRequest, Deadlines};
use domain::json_object::JsonObject;
use domain::model::{ModelName, ModelTarget, VersionId};
use domain::project::Plan;
use domain::tts::TtsRequest;
use domain::{Attempt, JobId, OwnerId, ProjectId, SceneId};

/// One attempt of a job, ready to be submitted. Its `Debug` shows neither token nor input.
#[derive(Clone)]
pub struct Order {
    /// The job.
    pub job_id: JobId,
    /// The attempt.
    pub attempt: Attempt,
    /// The URL of the provider's webhook.
    pub webhook_url: String,
    /// The token that names this attempt in a callback URL; see [`Order::callback_url`].
    pub token: String,
    /// How long the job may wait and run.
    pub deadlines: Deadlines,
    /// What to work on.
    pub input: Input,
}

/// What a provider works on, by the kind of job.
#[derive(Clone)]
pub enum Input {
    /// A text to speak.
    Speech {
        /// What to speak, and how.
        request: TtsRequest,
        /// What its owner sends along for the worker.
        options: Option<JsonObject>,
    },
    /// A scene whose video to make.
    SceneVideo {
        /// The project.
        project: ProjectId,
        /// The scene.
        scene: SceneId,
        /// The project's plan, which holds the scene.
        plan: Plan,
        /// The picture to start from, where there is a scene before.
        first_frame_url: Option<String>,
    },
    /// A video whose last frame to take.
    LastFrame {
        /// The project.
        project: ProjectId,
        /// The scene.
        scene: SceneId,
        /// The video.
        video_url: String,
    },
    /// The videos to make a film of.
    Stitch {
        /// The project.
        project: ProjectId,
        /// The project's plan.
        plan: Plan,
        /// The scenes' videos, in their order.
        video_urls: Vec<String>,
    },
    /// A model to train.
    Training {
        /// The model that is trained from.
        model: ModelName,
        /// Which version of that.
        version: VersionId,
        /// Where the provider puts the result.
        destination: ModelName,
        /// What the training reads.
        input: JsonObject,
    },
    /// A model to run.
    Prediction {
        /// Which.
        target: ModelTarget,
        /// What the model reads.
        input: JsonObject,
    },
    /// A video to cut into clips.
    Clipping {
        /// The video, and how many.
        request: ClippingRequest,
        /// Whose job it is.
        owner: OwnerId,
    },
}

/// The deadlines of a job that has none of its own.
#[cfg(test)]
pub(crate) const USUAL: Deadlines =
    Deadlines { start: domain::limits::START_DEADLINE, run: domain::limits::RUN_DEADLINE };

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Order({}, attempt {})", self.job_id, self.attempt)
    }
}

impl Order {
    /// The webhook's URL with the job and the token of this attempt, for providers that sign
    /// nothing.
    pub fn callback_url(&self) -> String {
        format!("{}?job={}&token={}", self.webhook_url, self.job_id, self.token)
    }
}
