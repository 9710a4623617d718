//! The demo: runs each use case once, end to end, on one machine.
//!
//! It starts the embedded cloud as users do, submits a long text, a short one, the scenes of a film
//! and the training of a model, which then makes a picture, receives the webhooks, verifies their
//! signatures, downloads the files, compares them with the webhooks, checks that nothing happened
//! twice, prints how long each step took, and leaves nothing running.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod api;
mod audio;
mod cloud;
mod display;
mod download;
mod error;
mod event;
mod film;
mod once;
mod options;
mod order;
mod portrait;
mod receiver;
mod report;
mod session;
#[cfg(test)]
mod tests;
mod time;

pub use error::DemoError;
pub use options::Options;
pub use report::Report;
pub use session::run;
