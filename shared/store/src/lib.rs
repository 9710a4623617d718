//! The table. This crate alone knows its keys and attributes; everyone else speaks of jobs,
//! deliveries and keys. Every change of state is one conditional write with no read before.

mod api_key;
pub mod change;
mod delivery;
mod delivery_context;
mod delivery_list;
mod delivery_replay;
mod endpoint;
mod endpoint_change;
mod endpoint_disable;
mod expressions;
mod health;
mod inbound;
mod inbound_list;
mod item;
mod job_change;
mod job_create;
mod job_get;
mod job_list;
mod keys;
mod listing;
mod project_change;
mod project_create;
mod project_get;
mod rate_window;
mod secret_rotation;
mod step_change;
pub mod stream;
mod timeline;
mod turn;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;

pub use change::Change;
pub use delivery::{Recorded, Seen};
pub use delivery_context::DeliveryContext;
pub use delivery_list::DeliveryFilter;
pub use delivery_replay::Replayed;
pub use endpoint::EndpointCreated;
pub use endpoint_change::EndpointChange;
pub use health::HealthOf;
pub use inbound::{Inbound, InboundOutcome};
pub use inbound_list::{InboundCursor, InboundFilter};
pub use job_change::Changed;
pub use job_create::Created;
pub use job_list::JobFilter;
pub use listing::{Cursor, Page};
pub use project_change::ProjectChanged;
pub use project_create::ProjectCreated;
pub use project_get::WholeProject;
pub use secret_rotation::OwnerSigning;
pub use step_change::Advanced;

/// The table, as the functions use it.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: String,
}

impl Store {
    /// The table named `table`.
    pub fn new(aws: &SdkConfig, table: impl Into<String>) -> Self {
        Self { client: Client::new(aws), table: table.into() }
    }
}

/// Why the table could not do what was asked. All of it may be tried again.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// DynamoDB did not answer, or refused.
    #[error("cannot {operation}")]
    Call {
        /// What was being done.
        operation: &'static str,
        /// What came back.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An item holds what this version cannot read, or the other way round.
    #[error("cannot translate an item of the table")]
    Item(#[from] serde_dynamo::Error),
}

impl StoreError {
    /// For `map_err`: names what was being done.
    fn call<E>(operation: &'static str) -> impl FnOnce(E) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        move |cause| Self::Call { operation, cause: cause.into() }
    }
}
