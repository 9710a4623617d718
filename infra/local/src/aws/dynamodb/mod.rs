//! DynamoDB and its streams: `dynoxide` on one `SQLite` file, called in process.
//!
//! [`direct`] takes the most frequent writes off it.
//!
//! `dynoxide` serialises its calls under a mutex of its own; a call is short and runs where
//! it is made. Beside it stands one connection of ours to the same file, for what
//! `dynoxide` does not offer: reading stream records with little ado, removing those consumed,
//! and finding expired items by an index.

mod capacity;
mod direct;
mod dispatch;
mod expiry;
mod naming;
mod stream;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dynoxide::Database;
use runtime::Clock;
use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::sync::watch;

pub(super) use capacity::{Units, ask_for_units};

use super::AwsError;
use super::json::JsonAnswer;
use super::write_ahead::{self, WriteAhead};
use direct::Direct;

/// All tables of one data folder.
pub(super) struct Tables {
    database: Database,
    /// Our own connection to the file.
    side: Mutex<Connection>,
    log: WriteAhead,
    /// Held by whoever writes, through either connection: `SQLite` has one writer, and a second
    /// one would sleep for milliseconds before it tries again.
    writer: Arc<Mutex<()>>,
    /// What is done without `dynoxide`.
    direct: Arc<Direct>,
    /// Counts the commits that may have changed a table.
    changes: watch::Sender<u64>,
    clock: Clock,
}

impl Tables {
    /// Opens the tables kept in `file`.
    pub fn open(file: &Path, clock: Clock) -> Result<Self, AwsError> {
        let database = Database::new(file.to_str().ok_or(AwsError::FolderName)?)?;
        // The name says nothing of it, but this is `synchronous = NORMAL` (it is off in bulk
        // loading), which `dynoxide` leaves at FULL: commits outlive the process in either
        // case, and none of them waits for the disk.
        database.disable_bulk_loading()?;
        let side = Connection::open(file)?;
        side.execute_batch("PRAGMA synchronous = NORMAL;")?;
        side.execute_batch(write_ahead::SELDOM)?;
        stream::create_index(&side)?;
        let (writer, changes) = (Arc::default(), watch::Sender::new(0));
        let direct = Direct::open(file, Arc::clone(&writer), changes.clone())?;
        let log = WriteAhead::open(file)?;
        Ok(Self { database, side: Mutex::new(side), log, writer, direct, changes, clock })
    }

    /// Makes the table as a `CreateTable` request describes it, unless there is one of its name,
    /// and names the attribute by which its items expire.
    pub fn ensure(&self, definition: &Value, ttl: Option<&str>) -> Result<(), AwsError> {
        let name = &definition["TableName"];
        let about = json!({ "TableName": name }).to_string();
        if self.answer_by_dynoxide("DescribeTable", about.as_bytes()).status != 200 {
            self.demand("CreateTable", definition)?;
        }
        let Some(attribute) = ttl else { return Ok(()) };
        // Asked again even of a table that was there: the process may have died in between.
        let described = self.answer_by_dynoxide("DescribeTimeToLive", about.as_bytes());
        let described: Value = serde_json::from_slice(&described.body)?;
        if described["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED" {
            return Ok(());
        }
        let specification = json!({ "Enabled": true, "AttributeName": attribute });
        let request = json!({ "TableName": name, "TimeToLiveSpecification": specification });
        self.demand("UpdateTimeToLive", &request)
    }

    /// Answers a request of DynamoDB's or DynamoDB Streams' JSON protocol.
    pub async fn answer(&self, operation: &str, body: &[u8]) -> JsonAnswer {
        if let Some(answer) = self.direct.answer(operation, body).await {
            return answer;
        }
        let answer = self.answer_by_dynoxide(operation, body);
        if answer.status == 200 {
            self.direct.learn(operation, body);
        }
        answer
    }

    /// The same in one go, at some more cost.
    fn answer_by_dynoxide(&self, operation: &str, body: &[u8]) -> JsonAnswer {
        if !dispatch::writes(operation) {
            return dispatch::answer(&self.database, operation, body);
        }
        let answer = {
            let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
            dispatch::answer(&self.database, operation, body)
        };
        if dispatch::defines(operation) {
            self.direct.forget_tables();
        }
        if answer.status == 200 {
            self.changes.send_modify(|count| *count += 1);
        }
        answer
    }

    /// Works what was written since into the file.
    pub fn work_in_log(&self) -> Result<(), AwsError> {
        Ok(self.log.work_in(|| self.writer.lock().unwrap_or_else(PoisonError::into_inner))?)
    }

    /// A receiver that is told of every commit.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Asks for something that must succeed.
    fn demand(&self, operation: &'static str, request: &Value) -> Result<(), AwsError> {
        let answer = self.answer_by_dynoxide(operation, request.to_string().as_bytes());
        if answer.status == 200 {
            return Ok(());
        }
        let answer = String::from_utf8_lossy(&answer.body).into_owned();
        Err(AwsError::Refused { operation, answer })
    }

    fn side(&self) -> MutexGuard<'_, Connection> {
        self.side.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
