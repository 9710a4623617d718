//! The resolved template.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Everything that the embedded cloud runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// The functions, in the order of the template.
    pub functions: Vec<Function>,
    /// The queues.
    pub queues: Vec<QueueDefinition>,
    /// The tables.
    pub tables: Vec<Table>,
    /// The names of the buckets.
    pub buckets: Vec<String>,
    /// What pages of other origins may do with the HTTP API.
    pub api_cors: Option<crate::Cors>,
    /// The same of the bucket.
    pub bucket_cors: Option<crate::Cors>,
    /// The WebSocket API, if there is one.
    pub web_socket: Option<WebSocketApi>,
}

/// A WebSocket API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebSocketApi {
    /// The name of its stage, which is the path of its address.
    pub stage: String,
    /// The member of a message whose value is the key of its route.
    pub selector: String,
    /// The routes by their keys: `$connect`, `$disconnect`, `$default`, and values of the selector.
    pub routes: BTreeMap<String, WebSocketRoute>,
}

/// One route of a WebSocket API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebSocketRoute {
    /// The function that it leads to.
    pub function: String,
    /// Whether what the function returns is sent to the client.
    pub responds: bool,
}

/// One Lambda function.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Function {
    /// Its folder under `functions/`, derived from the logical id: `TtsCreateFunction` is
    /// `tts-create`.
    pub name: String,
    /// Environment variables. A value may still contain `{{resolve:…}}`, a secret to look up.
    pub environment: BTreeMap<String, String>,
    /// How long one invocation may take.
    pub timeout: Duration,
    /// Whether Lambda lets it send messages to itself for ever: `RecursiveLoop: Allow`.
    pub allows_recursive_loop: bool,
    /// The routes that lead to it.
    pub routes: Vec<Route>,
    /// The queues that feed it.
    pub queues: Vec<QueueMapping>,
    /// The table streams that feed it.
    pub streams: Vec<StreamMapping>,
}

/// One route of the HTTP API.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Route {
    /// `GET`, `POST`, … or `ANY`.
    pub method: String,
    /// The path with its `{parameters}`, or `$default`.
    pub path: String,
    /// Its authorizer; `None` for an open route.
    pub authorizer: Option<Authorizer>,
}

/// A Lambda authorizer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Authorizer {
    /// The function that decides.
    pub function: String,
    /// Request headers without which the answer is 401 and it is not invoked, in lower case.
    pub identity_headers: Vec<String>,
}

/// A queue that feeds a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueueMapping {
    /// The queue's name.
    pub queue: String,
    /// The most messages in one invocation.
    pub batch_size: usize,
    /// How long a batch may wait to fill up.
    pub window: Duration,
    /// Whether the function reports the messages that failed.
    pub reports_failures: bool,
    /// The limit on concurrent invocations, if there is one.
    pub maximum_concurrency: Option<usize>,
}

/// A table stream that feeds a function.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StreamMapping {
    /// The table's name.
    pub table: String,
    /// The most records in one invocation.
    pub batch_size: usize,
    /// How long a batch may wait to fill up.
    pub window: Duration,
    /// Event patterns; a record that matches none is skipped. Without patterns none is.
    pub filters: Vec<Value>,
    /// Whether a failed batch is split in two before its retry.
    pub bisects: bool,
    /// How often a failed batch is retried; `None` for no limit.
    pub maximum_retries: Option<u32>,
    /// How long a failed batch is retried; `None` for no limit.
    pub maximum_age: Option<Duration>,
    /// The queue that receives a batch whose retries are exhausted.
    pub failure_queue: Option<String>,
    /// Whether the function reports the first record that failed.
    pub reports_failures: bool,
}

/// A queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueueDefinition {
    /// Its name.
    pub name: String,
    /// How long a received message is hidden; whole seconds.
    pub visibility_timeout: Duration,
    /// How long a message is kept; whole seconds.
    pub retention: Duration,
    /// Its dead letter queue, if it has one; it need not exist yet.
    pub redrive: Option<Redrive>,
}

/// Where messages go that were received too often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redrive {
    /// The name of the queue that takes them.
    pub dead_letter_queue: String,
    /// How often a message may be received; the next receive moves it instead. 1 to 1000.
    pub max_receive_count: u32,
}

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// The body of a `CreateTable` call.
    pub create: Value,
    /// The attribute that says when an item expires.
    pub expiry_attribute: Option<String>,
}
