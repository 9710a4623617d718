//! A stand-in for the providers, which makes real media on this machine.
//!
//! It speaks RunPod's serverless API with a text-to-speech worker behind it: a run is queued,
//! spoken with espeak-ng, offered for download, announced by a webhook, and gone once the
//! download has been confirmed or a minute has passed. Beside it stand the three scene services,
//! which make, cut and join videos with ffmpeg. The studio can be told to misbehave in the ways
//! that providers and networks do, at random but repeatably. It listens on loopback only.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod announcement;
mod api;
mod engine;
mod faults;
mod fields;
mod file;
mod ledger;
mod options;
mod output;
mod pod;
mod post;
mod program;
mod range;
mod run_request;
mod scenes;
mod settings;
mod stored_file;
mod studio;
mod task;
#[cfg(test)]
mod tests;
mod worker;

pub use engine::{Engine, SpeechError};
pub use faults::Faults;
pub use options::{Options, run};
pub use program::ProgramError;
pub use scenes::{SceneSettings, SceneStatus, SceneTaskView, Service, ServiceSettings};
pub use settings::Settings;
pub use studio::{StartError, Studio};
pub use task::{Post, PostKind, Status, TaskView};
