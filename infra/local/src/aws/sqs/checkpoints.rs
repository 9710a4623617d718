//! The checkpoints of stream consumers. They are stored with the messages, because in the tables'
//! file every save would contend for that file's write lock.

use rusqlite::params;

use super::{Queues, SqsError};

impl Queues {
    /// The checkpoint of a stream consumer.
    pub fn load_checkpoint(
        &self,
        stream: &str,
        consumer: &str,
    ) -> Result<Option<String>, SqsError> {
        let store = self.lock();
        let mut statement = store.connection.prepare_cached(
            "SELECT sequence_number FROM checkpoints WHERE stream = ?1 AND consumer = ?2",
        )?;
        let mut rows = statement.query(params![stream, consumer])?;
        Ok(rows.next()?.map(|row| row.get(0)).transpose()?)
    }

    /// Saves the checkpoint of a stream consumer.
    pub fn save_checkpoint(
        &self,
        stream: &str,
        consumer: &str,
        sequence_number: &str,
    ) -> Result<(), SqsError> {
        let store = self.lock();
        let mut statement = store
            .connection
            .prepare_cached("INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?)")?;
        statement.execute(params![stream, consumer, sequence_number])?;
        Ok(())
    }

    /// The oldest checkpoint of each stream that has one.
    pub fn oldest_checkpoints(&self) -> Result<Vec<(String, String)>, SqsError> {
        let store = self.lock();
        let mut statement = store.connection.prepare_cached(
            "SELECT stream, min(sequence_number) FROM checkpoints GROUP BY stream",
        )?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
