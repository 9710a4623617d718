//! The embedded cloud: runs the functions, queues, table, bucket and HTTP API of
//! `template.yaml` in one process, with its state in one folder.

pub mod activity;
pub mod aws;
pub mod cloud;
pub mod data_folder;
pub mod environment;
pub mod error;
pub mod first_key;
pub mod functions;
pub mod gateway;
pub mod log;
pub mod mappings;
pub mod meter;
pub mod program;
pub mod settings;
mod stand_in;
mod start;
pub mod template;
#[cfg(test)]
mod tests;

pub use cloud::Cloud;
pub use error::StartError;
pub use settings::Settings;
