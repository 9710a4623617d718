//! The three scene services of seed 001: one makes a scene's video from its prompt, one takes
//! the last frame out of a video, one joins videos to a film. Each has the same four routes
//! below its own path and reports the end of a task by a signed webhook.

mod announcement;
mod api;
mod bench;
mod body;
mod error;
mod fetch;
mod ffmpeg;
mod film;
mod last_frame;
mod look;
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
mod worker;

pub(crate) use api::router;
pub(crate) use bench::is_ours;
pub(crate) use fetch::Fetcher;
pub(crate) use options::SceneOptions;
pub(crate) use outcome::find;
pub(crate) use registration::Registrations;
pub use service::Service;
pub use settings::{SceneSettings, ServiceSettings};
pub(crate) use task::SceneTask;
pub use task::{SceneStatus, SceneTaskView};
