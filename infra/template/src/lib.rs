//! The one reader of `template.yaml`, the file that is deployed: functions with their triggers,
//! queues, tables, buckets and the routes of the HTTP API and the WebSocket API, for the embedded cloud and for tools.
//!
//! Only what is used is resolved (no dashboards, say), and whatever is resolved is understood: an
//! unknown intrinsic function, a reference to a missing resource or an unknown property of a
//! trigger is an error that names its place in the template. No I/O but reading the file, and no
//! package of this workspace: tools that link it build in seconds.
//!
//! A new kind of trigger goes into `events`, a new kind of resource that runs into `resources`; a
//! resource that is only compared with the code belongs to `infra/tools/template`.

mod conditions;
mod cors;
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
mod web_socket;

pub use cors::Cors;
pub use document::{Document, Resource, typed};
pub use error::{Path, TemplateError};
pub use intrinsics::Resolver;
pub use model::{
    Authorizer, Function, QueueDefinition, QueueMapping, Redrive, Route, StreamMapping, Table,
    Template, WebSocketApi, WebSocketRoute,
};
pub use references::{ACCOUNT, REGION, STACK, WEB_SOCKET_API, queue_arn};

/// What the template leaves open: where the embedded cloud listens, and the settings chosen at
/// its start.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Where the HTTP API listens, without a slash at its end.
    pub api_url: String,
    /// Where the AWS services listen, without a slash at its end.
    pub aws_url: String,
    /// Values chosen for environment variables of functions and for parameters, by their names;
    /// they override the template.
    pub chosen: std::collections::BTreeMap<String, String>,
}

impl Surroundings {
    /// Where the WebSocket API listens: at the HTTP API's port.
    #[must_use]
    pub fn sockets_url(&self) -> String {
        self.api_url.replacen("http", "ws", 1)
    }
}
