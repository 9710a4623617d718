//! The clipping worker: it finds the scenes of a video, cuts the best rated ones to clips, and reports
//! each stage by a webhook (the clipping worker webhook), under `/clipping`.
//!
//! The clips are real: ffmpeg finds the changes of scene, measures motion and contrast, and encodes.
//! There is no speech recognition: the transcript says so and has no words.

mod analysis;
mod api;
mod auth;
mod cut;
mod documents;
mod error;
mod file;
mod link;
mod options;
mod order;
mod outcome;
mod payload;
mod scene;
mod settings;
mod source;
mod state;
mod task;
mod throttle;
mod webhook;
mod worker;

pub(crate) use api::{PATH, router};
pub(crate) use file::{download, is_ours};
pub(crate) use options::ClippingOptions;
pub use settings::{ClippingSettings, WebhookAuth};
pub(crate) use state::Clipping;
pub use task::{ClippingStatus, ClippingTaskView};
