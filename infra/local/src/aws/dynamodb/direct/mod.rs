//! The writes that functions make again and again, done without `dynoxide` on its own tables:
//! `PutItem` and `UpdateItem` of one item, by statements kept ready, and in one commit with
//! whatever else is to be written at the moment.
//!
//! `dynoxide` stays the measure. It sees every expression first, and only one that it has
//! accepted, and that is understood here in every part, is done here from then on; every request
//! that is unusual in any way, and every one that is to be refused for more than its condition,
//! goes to `dynoxide` as before.

mod batch;
mod condition;
mod request;
mod schema;
#[cfg(test)]
mod tests;
mod text;
mod update;
mod write;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use tokio::sync::{oneshot, watch};

use super::super::json::JsonAnswer;
use crate::aws::{AwsError, write_ahead};
use crate::meter::measured;
use condition::Condition;
use request::Request;
use schema::Schema;
use update::Update;
use write::Write;

/// Most writes in one commit: some 3 ms, during which nobody else writes.
const MOST: usize = 64;
/// Most expressions that are remembered. Functions have a few dozen.
const EXPRESSIONS: usize = 500;

/// Does what it can.
pub(super) struct Direct {
    connection: Mutex<Connection>,
    writer: Arc<Mutex<()>>,
    changes: watch::Sender<u64>,
    queue: Mutex<Queue>,
    known: Mutex<Known>,
}

/// Writes that wait for the next commit.
#[derive(Default)]
struct Queue {
    writes: Vec<Submitted>,
    is_worked_off: bool,
}

struct Submitted {
    write: Write,
    answer: oneshot::Sender<JsonAnswer>,
}

/// What need not be looked up or parsed again.
#[derive(Default)]
struct Known {
    schemas: HashMap<String, Option<Arc<Schema>>>,
    /// By their text; none if it is not understood here.
    conditions: HashMap<String, Option<Arc<Condition>>>,
    updates: HashMap<String, Option<Arc<Update>>>,
}

impl Direct {
    /// Opens another connection to the tables kept in `file`. Whoever writes holds `writer`, and
    /// `changes` counts commits.
    pub fn open(
        file: &Path,
        writer: Arc<Mutex<()>>,
        changes: watch::Sender<u64>,
    ) -> Result<Arc<Self>, AwsError> {
        let connection = Connection::open(file)?;
        connection.execute_batch("PRAGMA synchronous = NORMAL;")?;
        connection.execute_batch(write_ahead::SELDOM)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(Arc::new(Self {
            connection: Mutex::new(connection),
            writer,
            changes,
            queue: Mutex::default(),
            known: Mutex::default(),
        }))
    }

    /// Answers the request if it is one of those done here. `None` means that nothing has been
    /// done.
    pub async fn answer(self: &Arc<Self>, operation: &str, body: &[u8]) -> Option<JsonAnswer> {
        let write = self.prepare(Request::read(operation, body)?)?;
        self.submit(write).await
    }

    /// Remembers the expressions of a request that `dynoxide` has accepted.
    pub fn learn(&self, operation: &str, body: &[u8]) {
        let Some(request) = Request::read(operation, body) else { return };
        let mut known = lock(&self.known);
        if let Some(text) = request.condition_expression
            && known.conditions.len() < EXPRESSIONS
        {
            let parsed = Condition::parse(&text).map(Arc::new);
            known.conditions.entry(text).or_insert(parsed);
        }
        if let Some(text) = request.update_expression
            && known.updates.len() < EXPRESSIONS
        {
            let parsed = Update::parse(&text).map(Arc::new);
            known.updates.entry(text).or_insert(parsed);
        }
    }

    /// Forgets what tables are like, since that may have changed.
    pub fn forget_tables(&self) {
        lock(&self.known).schemas.clear();
    }

    fn prepare(&self, request: Request) -> Option<Write> {
        let schema = self.schema(&request.table_name)?;
        let known = lock(&self.known);
        let condition = match &request.condition_expression {
            Some(text) => Some(Arc::clone(known.conditions.get(text)?.as_ref()?)),
            None => None,
        };
        let update = match &request.update_expression {
            Some(text) => Some(Arc::clone(known.updates.get(text)?.as_ref()?)),
            None => None,
        };
        drop(known);
        Write::new(request, schema, condition, update)
    }

    fn schema(&self, table: &str) -> Option<Arc<Schema>> {
        if let Some(known) = lock(&self.known).schemas.get(table) {
            return known.clone();
        }
        let schema = Schema::load(&lock(&self.connection), table).ok()?.map(Arc::new);
        lock(&self.known).schemas.insert(table.to_owned(), schema.clone());
        schema
    }

    async fn submit(self: &Arc<Self>, write: Write) -> Option<JsonAnswer> {
        let (answer, answered) = oneshot::channel();
        let begins = {
            let mut queue = lock(&self.queue);
            queue.writes.push(Submitted { write, answer });
            !std::mem::replace(&mut queue.is_worked_off, true)
        };
        if begins {
            // A task of its own: whoever waits may be dropped at any time.
            tokio::spawn(measured("DynamoDB commits", Arc::clone(self).work_off()));
        }
        answered.await.ok()
    }

    /// Commits what waits until nothing does. Before each commit whoever is ready to run gets to
    /// add to it, so that under load many share one, and otherwise none waits.
    async fn work_off(self: Arc<Self>) {
        loop {
            tokio::task::yield_now().await;
            let writes = {
                let mut queue = lock(&self.queue);
                if queue.writes.is_empty() {
                    queue.is_worked_off = false;
                    return;
                }
                let count = queue.writes.len().min(MOST);
                queue.writes.drain(..count).collect()
            };
            // A panic is answered as nothing done, which holds: its transaction is rolled back.
            let _ = catch_unwind(AssertUnwindSafe(|| self.commit(writes)));
        }
    }

    /// What cannot be done, or not here, is left without an answer.
    fn commit(&self, submitted: Vec<Submitted>) {
        let (writes, answers): (Vec<_>, Vec<_>) =
            submitted.into_iter().map(|one| (one.write, one.answer)).unzip();
        let outcomes = {
            let _writer = lock(&self.writer);
            batch::commit(&mut lock(&self.connection), &writes)
        };
        let outcomes = outcomes.unwrap_or_else(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "dynamodb");
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

/// What is behind these locks is whole at any time.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
