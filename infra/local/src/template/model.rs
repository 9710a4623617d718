//! The template once everything in it is resolved.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::aws::QueueDefinition;

/// All that the embedded cloud runs.
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
}

/// One Lambda function.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Its folder under `functions/`, which follows from the logical id: `TtsCreateFunction`
    /// is `tts-create`.
    pub name: String,
    /// Environment variables. A value may still hold `{{resolve:…}}`, a secret to look up.
    pub environment: BTreeMap<String, String>,
    /// How long one invocation may take.
    pub timeout: Duration,
    /// The routes that lead to it.
    pub routes: Vec<Route>,
    /// The queues that feed it.
    pub queues: Vec<QueueMapping>,
    /// The table streams that feed it.
    pub streams: Vec<StreamMapping>,
}

/// One route of the HTTP API.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// `GET`, `POST`, … or `ANY`.
    pub method: String,
    /// The path with its `{parameters}`, or `$default`.
    pub path: String,
    /// Who is asked first; nobody for an open route.
    pub authorizer: Option<Authorizer>,
}

/// A Lambda authorizer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorizer {
    /// The function that decides.
    pub function: String,
    /// Request headers that must be there before it is asked, in lower case.
    pub identity_headers: Vec<String>,
}

/// A queue that feeds a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueMapping {
    /// The queue's name.
    pub queue: String,
    /// Most messages in one invocation.
    pub batch_size: usize,
    /// How long a batch may wait to fill up.
    pub window: Duration,
    /// Whether the function names the messages that failed.
    pub reports_failures: bool,
    /// Most invocations at one time, if the template limits them.
    pub maximum_concurrency: Option<usize>,
}

/// A table stream that feeds a function.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamMapping {
    /// The table's name.
    pub table: String,
    /// Most records in one invocation.
    pub batch_size: usize,
    /// How long a batch may wait to fill up.
    pub window: Duration,
    /// Event patterns; a record that matches none is skipped. Empty: every record is wanted.
    pub filters: Vec<Value>,
    /// Whether a failed batch is split in two before it is tried again.
    pub bisects: bool,
    /// How often a failed batch is tried again; without a limit unless the template sets one.
    pub maximum_retries: Option<u32>,
    /// How long a failed batch is tried again; without a limit unless the template sets one.
    pub maximum_age: Option<Duration>,
    /// The queue that is told of a batch that was given up.
    pub failure_queue: Option<String>,
    /// Whether the function names the first record that failed.
    pub reports_failures: bool,
}

/// A table, as the template wants it.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The table's name.
    pub name: String,
    /// The body of a `CreateTable` call.
    pub create: Value,
    /// The attribute that says when an item expires.
    pub expiry_attribute: Option<String>,
}
