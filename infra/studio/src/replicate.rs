//! Replicate: predictions and trainings, their webhooks by Standard Webhooks, models and
//! deployments, and the files of outputs, under `/v1` as at `api.replicate.com`.
//!
//! Any model takes any input. These members of it say how the task goes:
//!
//! - `output`: the output of a prediction, any JSON. Each text `file:png`, `file:jpg`, `file:mp4`,
//!   `file:wav` or `file:mp3` in it becomes the URI of a file of that kind. `["file:png"]` by default.
//! - `starting_ms`, `processing_ms`: how long the task stays in each status; 0 by default.
//! - `error`: the task fails with that text.
//! - `logs`: the text of the logs.

mod api;
mod auth;
mod body;
mod catalog;
mod create;
mod deadline;
mod file;
mod media;
mod model_output;
mod options;
mod page;
mod problem;
mod settings;
mod state;
mod submission;
mod sync;
mod task;
mod webhook;
mod worker;

pub(crate) use api::router;
pub(crate) use file::{download, is_ours};
pub(crate) use options::ReplicateOptions;
pub use settings::ReplicateSettings;
pub(crate) use state::Replicate;
pub(crate) use task::ReplicateTask;
pub use task::{ReplicateStatus, ReplicateTaskView};
