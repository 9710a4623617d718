//! The embedded AWS: DynamoDB with its streams, S3, SQS and `@connections`, in this process and one data folder.
//!
//! AWS SDK clients reach it in process ([`Aws::sdk_config`]), all others over HTTP
//! ([`Aws::serve`]). What was acknowledged outlives the process, however it ends, and errors are
//! those that AWS documents. It must not depend on what Hookreel's items, messages and objects
//! mean. A further operation goes to the folder of its service.

mod answer;
mod calls;
mod connector;
mod durability;
mod dynamodb;
mod error;
mod execute_api;
pub(crate) mod identity;
mod json;
mod maintenance;
mod s3;
mod server;
mod sigv4;
pub(crate) mod sqs;
mod target;
#[cfg(test)]
mod tests;
mod wal;

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use domain::Timestamp;
use runtime::Clock;
use serde_json::Value;
use tokio::sync::watch;

pub use calls::{Access, Answer, Call, CallRecord, Calls, Fault, FaultRule};
pub use durability::Durability;
pub use error::AwsError;
pub use identity::Keys;
pub use maintenance::Swept;
pub use sqs::{Depth, QueueDefinition, ReceivedMessage, Redrive, SqsError};
pub use target::Service;

use crate::live::Connections;
use crate::template::Cors;
use dynamodb::Tables;
use s3::Buckets;
use sqs::Queues;

/// The file of the tables in the data folder.
pub(crate) const TABLES: &str = "dynamodb.sqlite";
/// The file of the queues, and of the streams' checkpoints.
pub(crate) const QUEUES: &str = "sqs.sqlite";
/// The folder of the buckets.
pub(crate) const OBJECTS: &str = "s3";

/// Every service of the embedded AWS.
pub struct Aws {
    tables: Tables,
    queues: Queues,
    buckets: Buckets,
    calls: Calls,
    endpoint: String,
    keys: Keys,
    /// What pages of other origins may do with the objects.
    cors: OnceLock<Cors>,
    /// The connections of the WebSocket API.
    connections: Arc<Connections>,
}

impl Aws {
    /// Opens `data_dir`; creates it if it does not exist. One process at a time may have it open.
    /// `endpoint` is the address at which [`Aws::serve`] is reached (`http://127.0.0.1:8788`):
    /// presigned URLs and queue URLs begin with it. Requests must be signed with `keys`. What was
    /// acknowledged has the `durability`.
    pub async fn open(
        data_dir: &Path,
        clock: Clock,
        endpoint: String,
        keys: Keys,
        durability: Durability,
    ) -> Result<Arc<Self>, AwsError> {
        tokio::fs::create_dir_all(data_dir).await?;
        Ok(Arc::new(Self {
            tables: Tables::open(&data_dir.join(TABLES), clock.clone(), durability)?,
            queues: Queues::open(&data_dir.join(QUEUES), clock, endpoint.clone(), durability)?,
            buckets: Buckets::open(&data_dir.join(OBJECTS), &keys, durability)?,
            calls: Calls::default(),
            endpoint,
            keys,
            cors: OnceLock::new(),
            connections: Arc::default(),
        }))
    }

    /// Creates the queue, or gives the existing one these settings. Returns its URL.
    pub fn ensure_queue(&self, definition: &QueueDefinition) -> Result<String, AwsError> {
        Ok(self.queues.ensure(definition)?)
    }

    /// Creates the table that a `CreateTable` request describes, unless it exists; its items expire
    /// by `ttl_attribute`, which holds unix seconds.
    pub fn ensure_table(
        &self,
        create_table_request: &Value,
        ttl_attribute: Option<&str>,
    ) -> Result<(), AwsError> {
        self.tables.ensure(create_table_request, ttl_attribute)
    }

    /// Creates the bucket, unless it exists.
    pub async fn ensure_bucket(&self, name: &str) -> Result<(), AwsError> {
        self.buckets.ensure(name).await
    }

    /// Says what pages of other origins may do with the objects; once.
    pub fn set_cors(&self, cors: Option<Cors>) {
        if let Some(cors) = cors {
            let _ = self.cors.set(cors);
        }
    }

    /// The keys that requests are signed with.
    pub const fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Calls the operation `target` (`DynamoDB_20120810.PutItem`) in process by its JSON protocol: the
    /// status and the body of the answer.
    pub async fn call_json(&self, target: &str, request: &Value) -> (u16, Value) {
        let parts = http::Request::post("/").header("x-amz-target", target).body(());
        let Ok((parts, ())) = parts.map(http::Request::into_parts) else {
            return (400, Value::Null);
        };
        let body = request.to_string().into();
        let (answer, _) = self.answer_json(&target::Target::of(&parts), &body, None, false).await;
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
    }

    /// The connections of the WebSocket API, which this process has.
    pub const fn connections(&self) -> &Arc<Connections> {
        &self.connections
    }

    /// The recorded calls and the injected faults.
    pub fn calls(&self) -> &Calls {
        &self.calls
    }

    /// The URL of the queue `name`.
    pub fn queue_url(&self, name: &str) -> String {
        self.queues.url(name)
    }

    /// Receives up to `max` messages, waiting for at least one. They are hidden for `visibility`,
    /// or for the queue's visibility timeout. Dropping the future receives nothing.
    pub async fn receive(
        &self,
        queue: &str,
        max: usize,
        visibility: Option<Duration>,
    ) -> Result<Vec<ReceivedMessage>, SqsError> {
        self.queues.receive(queue, max, visibility, None).await
    }

    /// Deletes received messages, in one commit.
    pub fn delete_messages<'a>(
        &self,
        queue: &str,
        receipt_handles: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), SqsError> {
        self.queues.delete(queue, receipt_handles)?.into_iter().collect()
    }

    /// Hides a received message for `seconds` from now; 0 makes it visible at once.
    pub fn change_visibility(
        &self,
        queue: &str,
        receipt_handle: &str,
        seconds: u32,
    ) -> Result<(), SqsError> {
        self.queues.change_visibility(queue, receipt_handle, seconds)
    }

    /// The earliest time at which a delayed or hidden message of any queue becomes visible.
    pub fn next_due(&self) -> Result<Option<Timestamp>, SqsError> {
        self.queues.next_due()
    }

    /// How many messages the queue holds.
    pub fn queue_depth(&self, queue: &str) -> Result<Depth, SqsError> {
        self.queues.depth(queue)
    }

    /// The table's stream records after the sequence number `after`, oldest first, as in Lambda's
    /// events; without a number, from the oldest kept.
    pub fn stream_records(
        &self,
        table: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Value>, AwsError> {
        self.tables.stream_records(table, after, limit)
    }

    /// A receiver whose value changes with every commit to a table. Await `changed()`, then read
    /// the records.
    pub fn stream_changes(&self) -> watch::Receiver<u64> {
        self.tables.changes()
    }

    /// The sequence number of the last record that `consumer` has processed.
    pub fn load_checkpoint(&self, table: &str, consumer: &str) -> Result<Option<String>, SqsError> {
        self.queues.load_checkpoint(table, consumer)
    }

    /// Saves the sequence number of the last record that `consumer` has processed. The next
    /// [`Aws::sweep`] removes records that every consumer has processed.
    pub fn save_checkpoint(
        &self,
        table: &str,
        consumer: &str,
        sequence_number: &str,
    ) -> Result<(), SqsError> {
        self.queues.save_checkpoint(table, consumer, sequence_number)
    }
}
