//! The DynamoDB table: reads and conditional writes of jobs, projects, deliveries and the rest.
//!
//! Invariants:
//! - This crate alone names the table's keys, indexes and attributes.
//! - A change of state is one conditional write without a read before it. Its condition has the
//!   state's predecessors and the attempt; items that change together are one transaction.
//! - A read for a client names its owner. Another owner's item is absent.
//! - The write of a change that clients see increments the item's sequence, and no other does.
//! - Items of earlier versions are read: names stay, and a new attribute has a default.
//!
//! It must not send a message or call a provider: the table's stream makes work of a saved change.
//! Of our crates it uses `domain` and `signing` alone.
//!
//! A further resource gets a folder with a file per verb, its keys in `keys`, and, if its changes
//! make work, a variant of [`stream::Entity`].

mod api_key;
mod circuit;
mod delivery;
mod endpoint;
mod expressions;
mod inbound;
mod item;
mod job;
mod keys;
mod listing;
mod live;
mod model;
mod owner_share;
mod permit;
mod project;
mod rate_window;
pub mod stream;
mod task;
mod timeline;
mod write;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;

pub use circuit::CircuitKey;
pub use delivery::context::DeliveryContext;
pub use delivery::list::DeliveryFilter;
pub use delivery::record::{Recorded, Seen};
pub use delivery::replay::Replayed;
pub use endpoint::change::EndpointChange;
pub use endpoint::rotate::OwnerSigning;
pub use inbound::keep::{Inbound, InboundOutcome};
pub use inbound::list::{InboundCursor, InboundFilter};
pub use job::advance::Advanced;
pub use job::change::Change;
pub use job::list::JobFilter;
pub use job::save::Changed;
pub use listing::{Cursor, ListedId, Page};
pub use owner_share::{OwnerShare, Slot};
pub use project::change::ProjectChanged;
pub use project::get::WholeProject;
pub use write::Created;

/// A client of the table.
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

/// What a read or write gives.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why a read or write failed. A condition that fails is no error but a result.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The call failed. The same call may succeed later.
    #[error("cannot {operation}")]
    Call {
        /// The operation.
        operation: &'static str,
        /// The SDK's error.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An item and its type do not match.
    #[error("cannot convert an item of the table")]
    Item(#[from] serde_dynamo::Error),
}

impl StoreError {
    /// For `map_err`: names the operation.
    fn call<E>(operation: &'static str) -> impl FnOnce(E) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        move |cause| Self::Call { operation, cause: cause.into() }
    }
}
