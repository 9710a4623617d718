//! The most frequent writes, executed directly on `dynoxide`'s tables: `PutItem` and `UpdateItem`
//! of one item, by prepared statements, with concurrent writes in one commit.
//!
//! `dynoxide` stays the reference. It handles every expression first; only an expression that it
//! accepted, and that is supported here in every part, is executed here from then on. Every other
//! request, and every one with an error besides a failed condition, goes to `dynoxide`.

mod batch;
mod condition;
mod lexer;
mod request;
mod schema;
#[cfg(test)]
mod tests;
mod update;
mod write;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

use super::super::json::JsonAnswer;
use crate::lock::lock;
use crate::meter::measured;
use condition::Condition;
use request::Request;
use schema::Schema;
use update::Update;
use write::Write;

/// Most writes in one commit: some 3 ms, during which other writers wait.
const MAX_BATCH: usize = 64;
/// Most expressions in the cache. Functions have a few dozen.
const MAX_EXPRESSIONS: usize = 500;

/// Executes the writes that it supports.
pub(super) struct DirectWriter {
    connection: Mutex<Connection>,
    write_lock: Arc<Mutex<()>>,
    changes: watch::Sender<u64>,
    queue: Mutex<WriteQueue>,
    cache: Mutex<Cache>,
}

/// Writes that wait for the next commit.
#[derive(Default)]
struct WriteQueue {
    writes: Vec<PendingWrite>,
    is_draining: bool,
}

struct PendingWrite {
    write: Write,
    answer: oneshot::Sender<JsonAnswer>,
}

/// Schemas and expressions, looked up and parsed once.
#[derive(Default)]
struct Cache {
    schemas: HashMap<String, Option<Arc<Schema>>>,
    /// By their text; `None` if the expression is not supported here.
    conditions: HashMap<String, Option<Arc<Condition>>>,
    updates: HashMap<String, Option<Arc<Update>>>,
}

impl DirectWriter {
    /// Writes through a `connection` of its own. `write_lock` is held during a write, and `changes`
    /// counts commits.
    pub fn new(
        connection: Connection,
        write_lock: Arc<Mutex<()>>,
        changes: watch::Sender<u64>,
    ) -> Arc<Self> {
        Arc::new(Self {
            connection: Mutex::new(connection),
            write_lock,
            changes,
            queue: Mutex::default(),
            cache: Mutex::default(),
        })
    }

    /// Answers the request if it is supported here. `None` means that nothing was written.
    pub async fn answer(self: &Arc<Self>, operation: &str, body: &[u8]) -> Option<JsonAnswer> {
        let write = self.prepare(Request::read(operation, body)?)?;
        self.submit(write).await
    }

    /// Caches the expressions of a request that `dynoxide` has accepted.
    pub fn remember(&self, operation: &str, body: &[u8]) {
        let Some(request) = Request::read(operation, body) else { return };
        let mut cache = lock(&self.cache);
        if let Some(text) = request.condition_expression
            && cache.conditions.len() < MAX_EXPRESSIONS
        {
            let parsed = Condition::parse(&text).map(Arc::new);
            cache.conditions.entry(text).or_insert(parsed);
        }
        if let Some(text) = request.update_expression
            && cache.updates.len() < MAX_EXPRESSIONS
        {
            let parsed = Update::parse(&text).map(Arc::new);
            cache.updates.entry(text).or_insert(parsed);
        }
    }

    /// Drops cached schemas, after a table may have changed.
    pub fn clear_schemas(&self) {
        lock(&self.cache).schemas.clear();
    }

    fn prepare(&self, request: Request) -> Option<Write> {
        let schema = self.schema(&request.table_name)?;
        let cache = lock(&self.cache);
        let condition = match &request.condition_expression {
            Some(text) => Some(Arc::clone(cache.conditions.get(text)?.as_ref()?)),
            None => None,
        };
        let update = match &request.update_expression {
            Some(text) => Some(Arc::clone(cache.updates.get(text)?.as_ref()?)),
            None => None,
        };
        drop(cache);
        Write::new(request, schema, condition, update)
    }

    fn schema(&self, table: &str) -> Option<Arc<Schema>> {
        if let Some(cached) = lock(&self.cache).schemas.get(table) {
            return cached.clone();
        }
        let schema = Schema::load(&lock(&self.connection), table).ok()?.map(Arc::new);
        lock(&self.cache).schemas.insert(table.to_owned(), schema.clone());
        schema
    }

    async fn submit(self: &Arc<Self>, write: Write) -> Option<JsonAnswer> {
        let (answer, answered) = oneshot::channel();
        let begins = {
            let mut queue = lock(&self.queue);
            queue.writes.push(PendingWrite { write, answer });
            !std::mem::replace(&mut queue.is_draining, true)
        };
        if begins {
            // A task of its own, because the caller may be dropped at any time.
            tokio::spawn(measured("DynamoDB commits", Arc::clone(self).drain()));
        }
        answered.await.ok()
    }

    /// Commits pending writes until none is left. Before each commit it yields, so that ready tasks
    /// can add theirs: under load many share a commit, otherwise none waits.
    async fn drain(self: Arc<Self>) {
        loop {
            tokio::task::yield_now().await;
            let writes = {
                let mut queue = lock(&self.queue);
                if queue.writes.is_empty() {
                    queue.is_draining = false;
                    return;
                }
                let count = queue.writes.len().min(MAX_BATCH);
                queue.writes.drain(..count).collect()
            };
            // A panic counts as nothing written, which holds: its transaction is rolled back.
            let _ = catch_unwind(AssertUnwindSafe(|| self.commit(writes)));
        }
    }

    /// A write that fails or is not supported here gets no answer.
    fn commit(&self, submitted: Vec<PendingWrite>) {
        let (writes, answers): (Vec<_>, Vec<_>) =
            submitted.into_iter().map(|one| (one.write, one.answer)).unzip();
        let outcomes = {
            let _lock = lock(&self.write_lock);
            batch::commit(&mut lock(&self.connection), &writes)
        };
        let outcomes = outcomes.unwrap_or_else(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "dynamodb commit failed");
            Vec::new()
        });
        if outcomes.iter().flatten().any(|answer| answer.status == 200) {
            self.changes.send_modify(|count| *count += 1);
        }
        for (outcome, answer) in outcomes.into_iter().zip(answers) {
            if let Some(outcome) = outcome {
                let _ = answer.send(outcome);
            }
        }
    }
}
