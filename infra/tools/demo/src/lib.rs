//! The demo: runs each use case once, end to end, on one machine.
//!
//! It starts the embedded cloud as users do, submits a long text, a short one, the scenes of a film,
//! the training of a model, which then makes a picture, and a video to cut into clips, whose progress it
//! follows live. It receives the webhooks, verifies their signatures, downloads the files, compares them
//! with the webhooks, checks that nothing happened twice, prints how long each step took, and leaves
//! nothing running.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod api;
mod audio;
mod clips;
mod cloud;
mod display;
mod download;
mod error;
mod event;
mod ffprobe;
mod film;
mod live;
mod once;
mod options;
mod order;
mod portrait;
mod receiver;
mod report;
mod session;
mod source;
#[cfg(test)]
mod tests;
mod time;

pub use error::DemoError;
pub use options::Options;
pub use report::Report;
pub use session::run;
