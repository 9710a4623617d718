//! The tests of the whole: every function by its sample events, the API over HTTP, the job from
//! text to webhook, what it costs, and what breaks on the way.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod clipping;
mod compatibility;
mod deliveries;
mod documents;
mod endpoints;
mod functions;
mod inbound;
mod jobs;
mod live;
mod local;
mod models;
mod projects;
mod providers;
