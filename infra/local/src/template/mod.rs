//! Reads `template.yaml`, the same file that is deployed, into what the embedded cloud runs:
//! functions with their triggers, queues, tables, buckets, and the routes of the HTTP API.
//!
//! Only what is needed is resolved (no policies, alarms or dashboards), and whatever is
//! resolved must be understood: an unknown intrinsic function, a reference to nothing or an
//! unknown property of a trigger is an error that names its place in the template.

mod conditions;
mod document;
mod error;
mod events;
mod functions;
mod intrinsics;
mod model;
mod references;
mod resources;
mod routes;
#[cfg(test)]
mod tests;

pub use document::Document;
pub use error::TemplateError;
pub use model::{Authorizer, Function, QueueMapping, Route, StreamMapping, Table, Template};

/// The id of the HTTP API, which is the name of the stack too.
pub use references::STACK;

/// What the template cannot know: where the embedded cloud is reached, and what the person who
/// started it chose.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Where the HTTP API listens, without a slash at its end.
    pub api_url: String,
    /// Where the AWS services listen, without a slash at its end.
    pub aws_url: String,
    /// Values that were chosen for environment variables of functions and for parameters, by
    /// their names; they go before what the template says.
    pub chosen: std::collections::BTreeMap<String, String>,
}
