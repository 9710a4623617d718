//! `kill -9` of the real program at random moments. Unlike all other tests these run by the
//! machine's clock, so they have a binary, and thereby the machine, to themselves.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod jobs;
mod process;
mod projects;
