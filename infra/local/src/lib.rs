//! The embedded cloud: runs the functions, queues, table, bucket, HTTP API and WebSocket API of `template.yaml` in
//! one process, with its state in one folder.
//!
//! Invariants:
//! - What was acknowledged survives the process, however it ends: table, queues and objects are
//!   files, and a message in flight is received again after the next start.
//! - It refuses what AWS refuses, with the same status and error code.
//! - A panic or a timeout of a function ends its invocation and nothing else.
//! - Delays, visibility timeouts, retention and expiry follow [`Settings::clock`].
//!
//! It must not depend on any use case: it links the functions, but calls them only with events, as
//! Lambda does, and it names no key of the table. Nothing under `functions/` or `shared/` may
//! depend on it.
//!
//! Usual extensions: a new function is a line in `functions`; a new kind of resource or trigger
//! goes to `template`, a new operation of an AWS service to `aws`.

mod activity;
pub mod aws;
mod backup;
mod cloud;
mod cors;
mod data_folder;
mod environment;
mod error;
mod first_key;
mod functions;
mod gateway;
mod lineage;
mod live;
mod lock;
mod log;
mod mappings;
mod meter;
pub mod program;
mod settings;
mod stand_in;
mod start;
#[cfg(test)]
mod tests;

pub use cloud::Cloud;
pub use error::StartError;
pub use settings::Settings;
pub use template;
