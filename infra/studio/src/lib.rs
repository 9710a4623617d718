//! A stand-in for the providers, which makes real media on this machine.
//!
//! It implements RunPod's serverless API with a text-to-speech worker: a run is queued, spoken by
//! espeak-ng, and served for download after a callback, until the download is confirmed or a minute
//! has passed. It also implements the three scene services, which make, cut and join videos with
//! ffmpeg, Replicate with predictions and trainings, and the clipping worker, which cuts a video at its
//! scene changes. It can inject the faults of providers and networks, at random but repeatably. It
//! listens on loopback only.
//!
//! It depends on no code of the product but `domain` and the Standard Webhooks of `signing`, so that
//! an error in reading a protocol is not made on both sides; official vectors and libraries check
//! those signatures. A further provider is a folder beside `scenes`, a route in `api` and a task
//! store in `state`.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod api;
mod clipping;
mod clock;
mod engine;
mod faults;
mod fields;
mod file;
mod options;
mod output;
pub mod own_host;
mod post;
mod program;
mod range;
mod replicate;
mod run_request;
mod scenes;
mod settings;
mod state;
mod statistics;
mod stored_file;
mod studio;
mod task;
mod task_store;
#[cfg(test)]
mod tests;
mod webhook;
mod worker;

pub use clipping::{ClippingSettings, ClippingStatus, ClippingTaskView, WebhookAuth};
pub use clock::Clock;
pub use engine::{Engine, SpeechError};
pub use faults::Faults;
pub use options::{Options, run};
pub use program::ProgramError;
pub use replicate::{ReplicateSettings, ReplicateStatus, ReplicateTaskView};
pub use scenes::{SceneSettings, SceneStatus, SceneTaskView, Service, ServiceSettings};
pub use settings::Settings;
pub use studio::{StartError, Studio};
pub use task::{Post, PostKind, Status, TaskView};
