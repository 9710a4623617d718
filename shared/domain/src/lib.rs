//! What Hookreel is about, apart from any machine: jobs and their states, owners and what
//! they may do, events, schedules, limits. No I/O, no clock, no randomness of its own: time
//! and random bytes are arguments.

pub mod access;
pub mod delivery;
pub mod delivery_resource;
pub mod endpoint;
pub mod endpoint_resource;
pub mod endpoint_rules;
pub mod event;
pub mod health;
pub mod id;
pub mod inbound;
pub mod invalid;
pub mod job;
pub mod language;
pub mod limits;
pub mod links;
pub mod metadata;
pub mod notice;
pub mod project;
pub mod rate_window;
pub mod resource;
pub mod schedule;
pub mod secret;
pub mod secret_versions;
pub mod state;
pub mod time;
pub mod timeline;
pub mod tts;

pub use access::{Caller, OwnerId, Scope};
pub use event::EventType;
pub use id::{Attempt, EndpointId, JobId, MessageId, TaskId};
pub use inbound::InboundId;
pub use invalid::InvalidField;
pub use job::{Job, JobError, JobKind, Output};
pub use project::{Project, ProjectId, ProjectStatus, SceneId, Step};
pub use secret::Secret;
pub use state::{JobState, JobStatus, JobStep};
pub use time::Timestamp;
