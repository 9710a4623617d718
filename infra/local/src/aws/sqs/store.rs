//! The file behind the queues: its tables, and what is put right when it is opened.
//!
//! Durability: the write-ahead log with `synchronous = NORMAL`. A commit is in the operating
//! system's cache before it is acknowledged, so it outlives this process however it dies; after
//! a power failure the last commits may be gone, and what is left is consistent.

use std::path::Path;

use domain::Timestamp;
use rusqlite::Connection;

use crate::aws::write_ahead::SELDOM;

const SCHEMA: &str = "
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS queues (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    settings TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    queue INTEGER NOT NULL REFERENCES queues (id) ON DELETE CASCADE,
    message_id TEXT NOT NULL,
    body TEXT NOT NULL,
    attributes TEXT,
    sent_at INTEGER NOT NULL,
    visible_at INTEGER NOT NULL,
    receive_count INTEGER NOT NULL DEFAULT 0,
    first_received_at INTEGER,
    -- Of the latest receive; null while nobody has it and the count is settled.
    receipt INTEGER,
    -- The queue it was moved from, for one in a dead letter queue.
    moved_from TEXT,
    -- Whose message it is, for a fair queue; empty if its sender did not say.
    message_group TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX IF NOT EXISTS messages_by_visibility ON messages (queue, visible_at);
CREATE TABLE IF NOT EXISTS checkpoints (
    stream TEXT NOT NULL,
    consumer TEXT NOT NULL,
    sequence_number TEXT NOT NULL,
    PRIMARY KEY (stream, consumer)
) STRICT;
";

/// For a file made before there were fair queues.
const ADD_GROUP: &str = "ALTER TABLE messages ADD COLUMN message_group TEXT NOT NULL DEFAULT ''";

/// Both hold messages of groups only, so other queues pay nothing for them.
const GROUP_INDEXES: &str = "
CREATE INDEX IF NOT EXISTS messages_by_group ON messages (queue, message_group, visible_at)
WHERE message_group <> '';
CREATE INDEX IF NOT EXISTS messages_in_flight ON messages (queue, message_group, visible_at)
WHERE message_group <> '' AND receipt IS NOT NULL;
";

/// Every message that was in flight belongs to a consumer that died with the last process: it
/// becomes visible at once, and that receive does not count towards the dead letter queue,
/// since the message was not at fault. A message whose timeout had run out by then is treated
/// alike; when the process died is not known.
const RELEASE_IN_FLIGHT: &str = "
UPDATE messages
SET visible_at = ?1, receive_count = max(receive_count - 1, 0), receipt = NULL
WHERE receipt IS NOT NULL";

/// Opens the file, making it if it is not there.
pub(super) fn open(file: &Path, now: Timestamp) -> rusqlite::Result<Connection> {
    let connection = Connection::open(file)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.execute_batch(SCHEMA)?;
    connection.execute_batch(SELDOM)?;
    if !has_groups(&connection)? {
        connection.execute(ADD_GROUP, [])?;
    }
    connection.execute_batch(GROUP_INDEXES)?;
    connection.execute(RELEASE_IN_FLIGHT, [now.as_millis()])?;
    Ok(connection)
}

fn has_groups(connection: &Connection) -> rusqlite::Result<bool> {
    let mut columns = connection.prepare("SELECT name FROM pragma_table_info('messages')")?;
    let mut names = columns.query_map([], |row| row.get::<_, String>(0))?;
    names.try_fold(false, |found, name| Ok(found || name? == "message_group"))
}
