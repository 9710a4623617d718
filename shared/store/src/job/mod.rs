//! Jobs in the table, a file for each verb. [`change`] holds the changes, each with its condition.

pub(crate) mod advance;
mod cancel;
pub mod change;
pub(crate) mod create;
pub(crate) mod erase;
pub(crate) mod get;
pub(crate) mod list;
mod partial;
mod progress;
pub(crate) mod save;
