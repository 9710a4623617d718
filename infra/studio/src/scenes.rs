//! The three scene services: one makes a scene's video from its prompt, one extracts the last frame
//! of a video, one joins videos to a film. Each has the same four routes below its own path, and
//! reports the end of a task by a signed webhook.

mod api;
mod appearance;
mod body;
mod error;
mod fetch;
mod ffmpeg;
mod film;
mod last_frame;
mod options;
mod order;
mod outcome;
mod probe;
mod registration;
mod service;
mod settings;
mod stitch;
mod task;
mod timeline;
mod transition;
mod video;
mod webhook;
mod worker;
mod workspace;

pub(crate) use api::router;
pub(crate) use appearance::Appearance;
pub(crate) use fetch::{FetchError, Fetcher};
pub(crate) use options::SceneOptions;
pub(crate) use outcome::find;
pub(crate) use registration::Registrations;
pub use service::Service;
pub use settings::{SceneSettings, ServiceSettings};
pub(crate) use task::SceneTask;
pub use task::{SceneStatus, SceneTaskView};
pub(crate) use workspace::is_ours;
