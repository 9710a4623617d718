//! The domain: jobs, projects and their states, owners and scopes, events, schedules, limits, and
//! the JSON that clients read.
//!
//! Invariants:
//! - Pure: no I/O, clock or randomness. The time and random bytes are arguments.
//! - Only [`JobState::predecessors`] lists which states lead to which; it becomes the condition of
//!   each write.
//! - A derived id is a hash of all that it depends on, so work done twice has the same id.
//! - Stored types read the items of earlier versions: a new member has a default.
//!
//! It depends on no other crate of ours, on no AWS SDK, and on no provider's protocol.
//!
//! A further limit goes into [`limits`], a further event into [`event`], a further member of the
//! API into the resource that shows it.

pub mod access;
pub mod circuit;
pub mod clipping_resource;
pub mod credits;
pub mod delivery;
pub mod delivery_ids;
pub mod delivery_resource;
pub mod endpoint;
pub mod endpoint_resource;
pub mod endpoint_rules;
pub mod event;
pub mod event_key;
pub mod id;
pub mod idempotency;
pub mod inbound;
pub mod invalid;
pub mod job;
pub mod json_object;
pub mod json_text;
pub mod language;
pub mod limits;
pub mod links;
pub mod live;
pub mod model;
pub mod model_resource;
mod named;
pub mod notice;
pub mod project;
pub mod rate_window;
pub mod resource;
pub mod retention;
pub mod schedule;
#[cfg(feature = "schema")]
mod schema;
pub mod secret;
pub mod secret_versions;
pub mod state;
pub mod time;
pub mod timeline;
pub mod tts;
pub mod url_host;
pub mod webhook;

pub use access::{Caller, OwnerId, Scope};
pub use event::EventType;
pub use id::{Attempt, EndpointId, JobId, MessageId, TaskId};
pub use inbound::InboundId;
pub use invalid::{InvalidField, Result};
pub use job::{Job, JobError, JobKind, Output};
pub use live::{ConnectionId, Topic};
pub use model::{Model, ModelId};
pub use project::{Project, ProjectId, ProjectStatus, SceneId, Step};
pub use secret::Secret;
pub use state::{JobState, JobStatus, JobStep};
pub use time::Timestamp;
pub use url_host::UrlHost;
