//! How far a stream has been followed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// How far a mapping has come in its stream.
#[derive(Debug)]
pub struct StreamPosition {
    /// The table whose stream it is.
    pub table: String,
    after: Mutex<Option<String>>,
    waits: AtomicBool,
}

impl StreamPosition {
    /// The place in the stream of `table` behind the record `after`.
    pub(super) const fn new(table: String, after: Option<String>) -> Self {
        Self { table, after: Mutex::new(after), waits: AtomicBool::new(false) }
    }

    /// The last record that is dealt with; none at the very beginning.
    #[must_use]
    pub fn after(&self) -> Option<String> {
        self.after.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether it waits, before a further try or for a batch to fill.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.waits.load(Ordering::SeqCst)
    }

    /// Goes on behind the record with that number.
    pub(super) fn move_to(&self, sequence_number: Option<String>) {
        *self.after.lock().unwrap_or_else(PoisonError::into_inner) = sequence_number;
    }

    /// Waits, and says so.
    pub(super) async fn waiting<T>(&self, wait: impl Future<Output = T>) -> T {
        self.waits.store(true, Ordering::SeqCst);
        let waited = wait.await;
        self.waits.store(false, Ordering::SeqCst);
        waited
    }
}
