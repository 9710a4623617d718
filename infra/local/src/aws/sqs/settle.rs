//! Deletes received messages, or changes their visibility.

use std::time::Duration;

use rusqlite::params;

use super::receive::ReceiptHandle;
use super::settings::MAX_VISIBILITY;
use super::{Queues, SqsError};

impl Queues {
    /// Deletes the messages of these receives in one commit, with a result for each. A message
    /// received again since then stays, without an error, as in SQS.
    pub fn delete<'a>(
        &self,
        name: &str,
        handles: impl IntoIterator<Item = &'a str>,
    ) -> Result<Vec<Result<(), SqsError>>, SqsError> {
        let mut store = self.lock();
        let queue = store.queue(name)?.id;
        let transaction = store.connection.transaction()?;
        let mut answers = Vec::new();
        for handle in handles {
            let handle: ReceiptHandle = match handle.parse() {
                Ok(handle) => handle,
                Err(error) => {
                    answers.push(Err(error));
                    continue;
                }
            };
            let mut statement = transaction.prepare_cached(
                "DELETE FROM messages WHERE id = ?1 AND queue = ?2 AND receipt = ?3",
            )?;
            statement.execute(params![handle.id, queue, handle.receipt])?;
            answers.push(Ok(()));
        }
        transaction.commit()?;
        Ok(answers)
    }

    /// Hides a message in flight for `seconds` from now; 0 makes it visible at once.
    pub fn change_visibility(
        &self,
        name: &str,
        handle: &str,
        seconds: u32,
    ) -> Result<(), SqsError> {
        if seconds > MAX_VISIBILITY {
            let message = format!("VisibilityTimeout must be >= 0 and <= {MAX_VISIBILITY}.");
            return Err(SqsError::InvalidParameterValue(message));
        }
        let handle: ReceiptHandle = handle.parse()?;
        let now = self.clock.now();
        let visible_at = now + Duration::from_secs(seconds.into());
        let store = self.lock();
        let queue = store.queue(name)?;
        let mut statement = store.connection.prepare_cached(
            "UPDATE messages SET visible_at = ?4
             WHERE id = ?1 AND queue = ?2 AND receipt = ?3 AND visible_at > ?5",
        )?;
        let changed = statement.execute(params![
            handle.id,
            queue.id,
            handle.receipt,
            visible_at.as_millis(),
            now.as_millis(),
        ])?;
        queue.arrived.notify_waiters();
        if changed == 0 { Err(SqsError::MessageNotInflight) } else { Ok(()) }
    }

    /// Deletes every message of the queue.
    pub(super) fn purge(&self, name: &str) -> Result<(), SqsError> {
        let store = self.lock();
        let queue = store.queue(name)?;
        store.connection.execute("DELETE FROM messages WHERE queue = ?1", [queue.id])?;
        Ok(())
    }
}
