//! Moves the messages of a dead-letter queue back to their source, or elsewhere.

use rusqlite::params;

use super::settings::name_in_arn;
use super::{Queues, SqsError};

impl Queues {
    /// Moves every visible message of the source, and returns the task's handle. Unlike in SQS the
    /// task has ended when this returns: there is nothing to cancel or list. A moved message starts
    /// with a receive count of zero.
    pub(super) fn start_move_task(
        &self,
        source_arn: &str,
        destination_arn: Option<&str>,
    ) -> Result<String, SqsError> {
        let source = name_in_arn(source_arn).ok_or(SqsError::ResourceNotFound("SourceArn"))?;
        let now = self.clock.now().as_millis();
        let mut store = self.lock();
        let missing = |_| SqsError::ResourceNotFound("SourceArn");
        let source_id = store.queue(source).map_err(missing)?.id;
        let destination = match destination_arn {
            Some(arn) => {
                let missing = || SqsError::ResourceNotFound("DestinationArn");
                let name = name_in_arn(arn).ok_or_else(missing)?;
                Some(store.queue(name).map_err(|_| missing())?.id)
            }
            None => None,
        };
        let transaction = store.connection.transaction()?;
        transaction.execute(
            "UPDATE messages
             SET queue = coalesce(?3, (SELECT id FROM queues WHERE name = moved_from)),
                 sent_at = ?2, visible_at = ?2, receive_count = 0, first_received_at = NULL,
                 receipt = NULL, moved_from = NULL
             WHERE queue = ?1 AND visible_at <= ?2
               AND coalesce(?3, (SELECT id FROM queues WHERE name = moved_from)) IS NOT NULL",
            params![source_id, now, destination],
        )?;
        transaction.commit()?;
        for queue in store.queues.values() {
            queue.arrived.notify_waiters();
        }
        Ok(uuid::Uuid::now_v7().to_string())
    }

    /// The names of the queues whose dead-letter queue this is.
    pub(super) fn sources_of(&self, name: &str) -> Result<Vec<String>, SqsError> {
        let store = self.lock();
        store.queue(name)?;
        let mut names: Vec<String> = store
            .queues
            .iter()
            .filter(|(_, queue)| {
                let redrive = queue.settings.redrive.as_ref();
                redrive.is_some_and(|redrive| redrive.dead_letter_queue == name)
            })
            .map(|(name, _)| name.clone())
            .collect();
        names.sort();
        Ok(names)
    }
}
