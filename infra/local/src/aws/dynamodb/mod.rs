//! DynamoDB and its streams: `dynoxide` on one `SQLite` file, called in process.
//!
//! [`direct`] handles the most frequent writes without it.
//!
//! `dynoxide` serialises its calls under its own mutex; a call is short and runs on the caller's
//! thread. A second connection to the same file serves what `dynoxide` does not offer: cheap reads
//! of stream records, removal of consumed ones, and an index of expired items.

mod access;
mod capacity;
mod direct;
mod dispatch;
mod expiry;
mod naming;
mod stream;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use dynoxide::Database;
use runtime::Clock;
use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::sync::watch;

pub(super) use access::accesses;
pub(super) use capacity::{Units, ask_for_units};

use super::json::JsonAnswer;
use super::wal::{self, Wal};
use super::{AwsError, Durability};
use crate::lock::lock;
use direct::DirectWriter;

/// All tables of one data folder.
pub(super) struct Tables {
    database: Database,
    /// Our own connection to the file.
    connection: Mutex<Connection>,
    wal: Wal,
    /// Held during a write through any connection: `SQLite` permits one writer, and a second one
    /// would sleep for milliseconds before it retries.
    write_lock: Arc<Mutex<()>>,
    /// Writes without `dynoxide`.
    direct: Arc<DirectWriter>,
    /// Counts the commits that may have changed a table.
    changes: watch::Sender<u64>,
    clock: Clock,
}

impl Tables {
    /// Opens the tables in `file`.
    pub fn open(file: &Path, clock: Clock, durability: Durability) -> Result<Self, AwsError> {
        let database = Database::new(file.to_str().ok_or(AwsError::FolderName)?)?;
        if durability == Durability::ProcessEnd {
            // Despite its name this sets `synchronous = NORMAL`, where `dynoxide` leaves FULL.
            database.disable_bulk_loading()?;
        }
        let connection = wal::open(file, durability)?;
        stream::create_index(&connection)?;
        let connection = Mutex::new(connection);
        let (write_lock, changes) = (Arc::default(), watch::Sender::new(0));
        let direct = wal::open(file, durability)?;
        let direct = DirectWriter::new(direct, Arc::clone(&write_lock), changes.clone());
        let wal = Wal::open(file, durability)?;
        Ok(Self { database, connection, wal, write_lock, direct, changes, clock })
    }

    /// Creates the table that a `CreateTable` request describes, unless it exists, and sets the
    /// attribute by which its items expire.
    pub fn ensure(&self, definition: &Value, ttl: Option<&str>) -> Result<(), AwsError> {
        let name = &definition["TableName"];
        let about = json!({ "TableName": name }).to_string();
        if self.answer_by_dynoxide("DescribeTable", about.as_bytes()).status != 200 {
            self.require("CreateTable", definition)?;
        }
        let Some(attribute) = ttl else { return Ok(()) };
        // Also for a table that exists: the process may have died between the two calls.
        let described = self.answer_by_dynoxide("DescribeTimeToLive", about.as_bytes());
        let described: Value = serde_json::from_slice(&described.body)?;
        if described["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED" {
            return Ok(());
        }
        let specification = json!({ "Enabled": true, "AttributeName": attribute });
        let request = json!({ "TableName": name, "TimeToLiveSpecification": specification });
        self.require("UpdateTimeToLive", &request)
    }

    /// Answers a request of DynamoDB's or DynamoDB Streams' JSON protocol.
    pub async fn answer(&self, operation: &str, body: &[u8]) -> JsonAnswer {
        if let Some(answer) = self.direct.answer(operation, body).await {
            return answer;
        }
        let answer = self.answer_by_dynoxide(operation, body);
        if answer.status == 200 {
            self.direct.remember(operation, body);
        }
        answer
    }

    /// Answers through `dynoxide` alone.
    fn answer_by_dynoxide(&self, operation: &str, body: &[u8]) -> JsonAnswer {
        if !dispatch::writes(operation) {
            return dispatch::answer(&self.database, operation, body);
        }
        let answer = {
            let _lock = lock(&self.write_lock);
            dispatch::answer(&self.database, operation, body)
        };
        if dispatch::defines(operation) {
            self.direct.clear_schemas();
        }
        if answer.status == 200 {
            self.changes.send_modify(|count| *count += 1);
        }
        answer
    }

    /// Checkpoints the WAL.
    pub fn checkpoint_wal(&self) -> Result<(), AwsError> {
        Ok(self.wal.checkpoint(|| lock(&self.write_lock))?)
    }

    /// A receiver that is notified of every commit.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Makes a request that must succeed.
    fn require(&self, operation: &'static str, request: &Value) -> Result<(), AwsError> {
        let answer = self.answer_by_dynoxide(operation, request.to_string().as_bytes());
        if answer.status == 200 {
            return Ok(());
        }
        let answer = String::from_utf8_lossy(&answer.body).into_owned();
        Err(AwsError::Refused { operation, answer })
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        lock(&self.connection)
    }
}

fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}
