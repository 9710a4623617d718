//! The position of a mapping in a stream.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::lock::lock;

/// The position of a mapping in its stream.
#[derive(Debug)]
pub struct StreamPosition {
    /// The stream's table.
    pub table: String,
    after: Mutex<Option<String>>,
    waiting: AtomicBool,
}

impl StreamPosition {
    /// The position in the stream of `table` after the record `after`.
    pub(super) const fn new(table: String, after: Option<String>) -> Self {
        Self { table, after: Mutex::new(after), waiting: AtomicBool::new(false) }
    }

    /// The sequence number of the last processed record; `None` at the start of the stream.
    pub fn after(&self) -> Option<String> {
        lock(&self.after).clone()
    }

    /// Whether the mapping waits, for a retry or for a batch to fill.
    pub fn is_waiting(&self) -> bool {
        self.waiting.load(Ordering::SeqCst)
    }

    /// Moves on to after the record with that sequence number.
    pub(super) fn move_to(&self, sequence_number: Option<String>) {
        *lock(&self.after) = sequence_number;
    }

    /// Awaits `wait`, and shows so meanwhile.
    pub(super) async fn waiting<T>(&self, wait: impl Future<Output = T>) -> T {
        self.waiting.store(true, Ordering::SeqCst);
        let waited = wait.await;
        self.waiting.store(false, Ordering::SeqCst);
        waited
    }
}
