//! The database file of the queues: its schema, and its recovery when it is opened.
//!
//! A commit is durable before it is acknowledged (see [`Durability`]).

use std::path::Path;

use domain::Timestamp;
use rusqlite::Connection;

use crate::aws::{Durability, wal};

const SCHEMA: &str = "
PRAGMA journal_mode = WAL;
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
    -- Of the latest receive; null before the first one and after a recovery or a move.
    receipt INTEGER,
    -- The source queue, of a message in a dead-letter queue.
    moved_from TEXT,
    -- The message group, for a fair queue; empty if there is none.
    message_group TEXT NOT NULL DEFAULT '',
    -- The sender's trace header.
    trace TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS messages_by_visibility ON messages (queue, visible_at);
CREATE TABLE IF NOT EXISTS checkpoints (
    stream TEXT NOT NULL,
    consumer TEXT NOT NULL,
    sequence_number TEXT NOT NULL,
    PRIMARY KEY (stream, consumer)
) STRICT;
";

/// Columns that a file of an earlier version may lack.
const ADDED: [(&str, &str); 2] = [("message_group", "TEXT NOT NULL DEFAULT ''"), ("trace", "TEXT")];

/// Both hold messages with a group only, so other queues do not pay for them.
const GROUP_INDEXES: &str = "
CREATE INDEX IF NOT EXISTS messages_by_group ON messages (queue, message_group, visible_at)
WHERE message_group <> '';
CREATE INDEX IF NOT EXISTS messages_in_flight ON messages (queue, message_group, visible_at)
WHERE message_group <> '' AND receipt IS NOT NULL;
";

/// Every message in flight belongs to a consumer that ended with the last process: it becomes
/// visible at once, and that receive does not count towards the dead-letter queue, because the
/// message is not at fault. The same goes for a message whose timeout has passed since: when the
/// process ended is not known.
const RELEASE_IN_FLIGHT: &str = "
UPDATE messages
SET visible_at = ?1, receive_count = max(receive_count - 1, 0), receipt = NULL
WHERE receipt IS NOT NULL";

/// Opens the file; creates it if it does not exist.
pub(super) fn open(
    file: &Path,
    now: Timestamp,
    durability: Durability,
) -> rusqlite::Result<Connection> {
    let connection = wal::open(file, durability)?;
    connection.execute_batch(SCHEMA)?;
    for (name, kind) in ADDED {
        if !has_column(&connection, name)? {
            connection.execute(&format!("ALTER TABLE messages ADD COLUMN {name} {kind}"), [])?;
        }
    }
    connection.execute_batch(GROUP_INDEXES)?;
    connection.execute(RELEASE_IN_FLIGHT, [now.as_millis()])?;
    Ok(connection)
}

fn has_column(connection: &Connection, wanted: &str) -> rusqlite::Result<bool> {
    let mut columns = connection.prepare("SELECT name FROM pragma_table_info('messages')")?;
    let mut names = columns.query_map([], |row| row.get::<_, String>(0))?;
    names.try_fold(false, |found, name| Ok(found || name? == wanted))
}
