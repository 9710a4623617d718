//! The real program: `kill -9` at random moments, and what it logs. Unlike all other tests these run by the
//! machine's clock, so they have a binary, and thereby the machine, to themselves.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod jobs;
mod logs;
mod process;
mod projects;
mod uploads;
