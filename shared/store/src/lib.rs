//! The table. This crate alone knows its keys and attributes; everyone else speaks of jobs,
//! deliveries and keys. Every change of state is one conditional write with no read before.

mod api_key;
mod delivery;
mod endpoint;
mod expressions;
mod health;
mod inbound;
mod item;
mod job;
mod keys;
mod listing;
mod project;
mod rate_window;
pub mod stream;
mod timeline;
mod turn;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;

pub use delivery::context::DeliveryContext;
pub use delivery::list::DeliveryFilter;
pub use delivery::record::{Recorded, Seen};
pub use delivery::replay::Replayed;
pub use endpoint::change::EndpointChange;
pub use endpoint::create::EndpointCreated;
pub use endpoint::rotate::OwnerSigning;
pub use health::HealthOf;
pub use inbound::keep::{Inbound, InboundOutcome};
pub use inbound::list::{InboundCursor, InboundFilter};
pub use job::advance::Advanced;
pub use job::change::Change;
pub use job::create::Created;
pub use job::list::JobFilter;
pub use job::save::Changed;
pub use listing::{Cursor, Page};
pub use project::change::ProjectChanged;
pub use project::create::ProjectCreated;
pub use project::get::WholeProject;

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
